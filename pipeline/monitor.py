"""``tamis monitor``: every night, in seconds, whether data, leads, scores and promises are still what they were.

An alarm has a size, the limit that it passed, a likely cause and an action, in both languages. What was found is kept
as ``.tamis/monitor/<run_id>.json``, so that a page can show it without MLflow.
"""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import GateError, UseError
from features.language import Language
from features.specification import Feature
from features.words import label
from models.alarms import MOST_SHARED
from models.expected import Expected
from models.lead_model import LeadModel
from models.realised import Realised
from models.shift import Shift
from models.watching import Finding, Limits, watch_columns, watch_expected
from pipeline.console import Console
from pipeline.destination import check_destination
from pipeline.explain import chosen_language
from pipeline.matured import held_to_account
from pipeline.monitor_views import monitor_views
from pipeline.monitor_words import tell
from pipeline.opening import open_tables
from pipeline.report.note import write_note
from pipeline.reviews import read
from pipeline.score_runs import ScoreRun, newest, portfolio
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.table_watch import BREAKS, decided, refusals, reviewed, together, watch_refusals, watch_tables
from pipeline.tracking import Registry
from pipeline.words import say
from pipeline.workspace import Workspace, ensure_writable, write_text

if TYPE_CHECKING:
    pass

DAY_S = 86_400
MOST_SHIFTS = 10
LANGUAGES: tuple[Language, Language] = ("en", "fr")


@dataclass(frozen=True)
class Watched:
    """What a night's look found.

    Attributes
    ----------
    run : ScoreRun
        The newest run of the open leads.
    model : LeadModel
        Whose scores they are.
    findings : tuple of Finding
        What somebody should look at, data first.
    shifts : mapping of str to Shift
        How far every column has moved.
    expected : Expected
        How well the model should be doing on these leads.
    realised : Realised, optional
        What became of matured scores; None where none has.
    """

    run: ScoreRun
    model: LeadModel
    findings: tuple[Finding, ...]
    shifts: Mapping[str, Shift]
    expected: Expected
    realised: Realised | None

    def to_dict(self, now: int) -> dict[str, Any]:
        """Plain data for JSON: alarms in both languages, and the figures behind them."""
        by_code = {feature.code: feature for feature in self.model.features}
        by_name = {feature.name: feature for feature in self.model.features}
        manifest = self.run.manifest
        n_leads = manifest["n_leads"]
        alarms = []
        for finding in self.findings:
            told = {language: tell(finding, by_name, language) for language in LANGUAGES}
            what: dict[str, Any] = {language: told[language]["what"] for language in LANGUAGES}
            alarms.append({**finding.to_dict(), **what, "told": told})
        worst = sorted(self.shifts.items(), key=lambda item: -item[1].psi)[:MOST_SHIFTS]
        data: dict[str, Any] = {
            "run_id": self.run.run_id,
            "looked_at": now,
            "cutoff": manifest["cutoff"],
            "model_version": manifest["model_version"],
            "n_leads": n_leads,
            "alarms": alarms,
            "first_reasons": [
                {
                    "code": code,
                    "en": label(by_code[code], "en"),
                    "fr": label(by_code[code], "fr"),
                    "n_leads": n,
                    "share": n / n_leads,
                }
                for code, n in manifest["first_reasons"].items()
            ],
            "shifts": [
                {
                    "name": name,
                    **{lang: _called(by_name.get(name), lang) for lang in LANGUAGES},
                    **asdict(shift),
                }
                for name, shift in worst
            ],
            "expected": asdict(self.expected),
            "realised": None if self.realised is None else asdict(self.realised),
        }
        plain: dict[str, Any] = json.loads(json.dumps(data, default=float).replace("NaN", "null"))
        return plain


def _called(feature: Feature | None, language: Language) -> str:
    return say("propensity", language) if feature is None else label(feature, language)


def run(
    root: Path,
    *,
    now: int,
    console: Console,
    note: Path | None = None,
    language: str | None = None,
    fail_on_alarm: bool = False,
) -> None:
    """Look at the newest run, keep what was found, show it.

    Parameters
    ----------
    note : pathlib.Path, optional
        Where to write the weekly note of one page, ``.html`` or ``.md``.
    language : {"en", "fr"}, optional
        Of what is shown; by default that of the settings.
    fail_on_alarm : bool
        Whether an alarm makes the exit code 4, for schedulers that tell people by it.

    Raises
    ------
    UseError
        The open leads were never scored.
    GateError
        There is an alarm and ``fail_on_alarm`` is true; what was found is kept and shown all the same.
    """
    settings, workspace = load(root), Workspace(root)
    lang = chosen_language(language, settings)
    if note is not None:
        check_destination("--note", note, workspace, settings, endings=(".html", ".md"))
    watched = watch(workspace, settings, now=now, console=console)
    result = watched.to_dict(now)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    path = write_text(workspace.monitor / f"{watched.run.run_id}.json", text)
    if note is not None:
        write_text(note, write_note(watched.run, result, settings, lang, as_html=note.suffix == ".html"))
    console.show({**result, "path": str(path)}, *monitor_views(watched, result, lang))
    if fail_on_alarm and watched.findings:
        raise GateError(f"{len(watched.findings)} alarms: " + " ".join(alarm[lang] for alarm in result["alarms"]))


def watch(workspace: Workspace, settings: Settings, *, now: int, console: Console) -> Watched:
    """Look at the newest run of the open leads and at the tables of tonight.

    Raises
    ------
    UseError
        The open leads were never scored.
    DataError
        The tables, or a run, cannot be read.
    """
    ensure_writable(workspace)
    found = newest(workspace, "portfolio")
    if found is None:
        raise UseError("There is no score run of the open leads yet. Run 'tamis score' first.")
    with console.step("Loading the model"):
        _, files = Registry(workspace, settings.registry).load(int(found.manifest["model_version"]))
        model = LeadModel.load(files)
    with console.step("Reading the tables"):
        opened = open_tables(workspace, settings, now=now, model=model)
    chosen = settings.monitor
    limits = Limits(chosen.level, chosen.psi, chosen.nulls, chosen.auc)
    with closing(opened), console.step("Looking"):
        rows: pd.DataFrame = found.rows(["lead_id", "propensity", "decision"]).to_pandas()
        frame = pd.concat([features for _, features in found.parts()], ignore_index=True)
        propensity = rows["propensity"].to_numpy(dtype=np.float64)
        moved = watch_columns(frame, propensity, model.features, model.reference, limits)
        selected = (rows["decision"] == "hand_over").to_numpy()
        expected, fallen = watch_expected(propensity, selected, model.reference, limits)
        accounted = held_to_account(workspace, settings, opened)
        of_tables = watch_tables(opened, model.metadata.get("tables", {}))
        broken = {finding.about for finding in of_tables if finding.kind in BREAKS}
        findings = (
            *_stale(workspace, opened.tables.extracted_at, now, chosen.stale_days),
            *of_tables,
            # What a broken table does to its features is said once.
            *(finding for finding in moved.findings if finding.about not in broken),
            *fallen,
            *_broken(accounted),
            *_unlike(accounted),
            *_refused(workspace, opened),
            *_reasons(found, _before(workspace, found)),
        )
    return Watched(found, model, findings, moved.shifts, expected, accounted)


def _stale(workspace: Workspace, extracted_at: int, now: int, limit: float) -> list[Finding]:
    """Data that used to be renewed and are not any more; those of a workspace that was filled once never were."""
    age = (now - extracted_at) / DAY_S
    stamps = {run_.manifest["source"] for run_ in portfolio(workspace)}
    return [Finding("stale", "tables", age, limit)] if len(stamps) > 1 and 0 < limit < age else []


def _broken(found: Realised | None) -> list[Finding]:
    """What was promised and did not come true: the band that missed most, or all of them together."""
    if found is None:
        return []
    whole = {"band": "", "n_leads": found.n_leads, "off": found.off}
    whole |= {name: getattr(found, name) for name in ("promised", "happened", "low", "high")}
    off = [one for one in (whole, *found.bands) if one["off"]]
    return [_missed("realised_conversion", one["band"], one) for one in off[:1]]


def _unlike(found: Realised | None) -> list[Finding]:
    """The kind of lead that surely fares otherwise than it was promised, and than the rest."""
    kinds = () if found is None else found.kinds[:1]
    return [_missed("realised_kind", one["column"], one, level=one["level"]) for one in kinds]


def _missed(kind: str, about: str, one: Mapping[str, Any], **facts: Any) -> Finding:
    interval = {name: one[name] for name in ("promised", "low", "high")}
    return Finding(kind, about, one["happened"], one["promised"], {"n": one["n_leads"], **facts, **interval})


def _refused(workspace: Workspace, opened: Opened) -> tuple[Finding, ...]:
    """Refusals in the CRM and on the page."""
    reasons, verdicts = reviewed(read(workspace), opened.tables.extracted_at)
    return watch_refusals(together(refusals(opened), reasons), together(decided(opened), verdicts))


def _before(workspace: Workspace, found: ScoreRun) -> ScoreRun | None:
    """The run before, if it was of the same model."""
    earlier = newest(workspace, "portfolio", before=found.manifest["cutoff"])
    same = earlier is not None and earlier.manifest["model_version"] == found.manifest["model_version"]
    return earlier if same else None


def _reasons(found: ScoreRun, before: ScoreRun | None) -> list[Finding]:
    """Alarms that the score run has about its reasons, less those that it had the night before: they are no news."""
    known = set() if before is None else {(alarm["kind"], alarm["code"]) for alarm in before.manifest["alarms"]}
    return [
        Finding(alarm["kind"], alarm["code"], alarm["share"], MOST_SHARED, {name: alarm[name] for name in LANGUAGES})
        for alarm in found.manifest["alarms"]
        if (alarm["kind"], alarm["code"]) not in known
    ]
