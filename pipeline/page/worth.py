"""What the model page shows a manager: the evidence of the training, the nights since, and what sales said."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from features.language import Language, percent
from models.certificate import Certificate
from models.explain import FAMILIES
from models.threshold import ThresholdChoice
from pipeline.decision_words import decision_sentences
from pipeline.language import day
from pipeline.page import charts
from pipeline.page.library import Index
from pipeline.page.page_words import say
from pipeline.refusals import refusal
from pipeline.report.training import TrainingFacts, swap_in_short, top_facts
from pipeline.reviews import Review
from pipeline.settings import Settings
from pipeline.workspace import Workspace

SHARES_TOLD = (0.05, 0.1, 0.2, 0.3, 0.5)
SHARE_IN_WORDS = 0.1
STEADY = 0.1  # of the mean propensity: smaller moves are noise
RUNS_SHOWN, FACTS_SHOWN = 10, 4


def context(index: Index, settings: Settings, language: Language) -> dict[str, Any]:
    """What the template of the model page reads."""
    evidence, model = index.about["evidence"], index.model
    facts = TrainingFacts(
        version=str(index.about["version"]),
        trained_at=model.metadata.get("trained_at", 0),
        horizon_days=model.metadata.get("horizon_days") or 0,
        evidence=evidence,
        schema=model.schema,
        gates=[index.about["gates"]] if index.about["gates"] else [],
        currency=settings.output.currency,
    )
    certificate = facts.certificate if evidence.get("certificate") else None
    curves = evidence["gain_curves"]
    top = top_facts(facts, language)
    return {
        "facts": facts,
        "evidence": evidence,
        "deployed": evidence["deployed"],
        "notes": facts.notes(language),
        "certificate": certificate,
        "certificates": facts.certificates(language) if certificate else [],
        "swap": swap_in_short(evidence["swap_set"]),
        "share_handed_over": ThresholdChoice.from_dict(evidence["deployed"]["threshold"]).share,
        "decision": decision_sentences(evidence["decision"], language, settings.output.currency),
        "gain": Markup(charts.gain(curves, language)),  # noqa: S704 (our own SVG)
        "gain_told": gain_in_words(curves, language),
        "gain_table": gain_table(curves),
        "diagrams": [] if certificate is None else _diagrams(certificate, language),
        "families": sorted(evidence["importance_by_family"].items(), key=lambda item: -item[1]),
        "top": {family: [fact for fact in top if fact[1] == family][:FACTS_SHOWN] for family in FAMILIES},
        "drift": drift(index.about["runs"], language),
        "runs": index.about["runs"][:RUNS_SHOWN],
        "trail": _trail(index.about["runs"], language),
        "alarms": [alarm[language] for alarm in index.run.get("alarms", ())],
    }


def gain_at(curve: Sequence[Mapping[str, float]], share: float) -> float:
    """Share of the deals that calling a share of the leads finds, between the points of a curve.

    Examples
    --------
    >>> curve = [{"share": 0.25, "gain": 0.5}, {"share": 0.5, "gain": 0.75}]
    >>> gain_at(curve, 0.375), gain_at([], 0.5)
    (0.625, 0.5)
    """
    points = [(0.0, 0.0), *((row["share"], row["gain"]) for row in curve), (1.0, 1.0)]
    after = next(k for k, (x, _) in enumerate(points) if k and x >= share)
    (x0, y0), (x1, y1) = points[after - 1], points[after]
    return y0 + (y1 - y0) * ((share - x0) / (x1 - x0) if x1 > x0 else 1.0)


def gain_table(curves: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, list[float]]:
    """The curves at a few shares of the leads, by system; the shares themselves under ``share``."""
    drawn = {name: curves[name] for name in charts.LINES if name in curves}
    table = {name: [gain_at(curve, share) for share in SHARES_TOLD] for name, curve in drawn.items()}
    return {"share": list(SHARES_TOLD), **table}


def gain_in_words(curves: Mapping[str, Sequence[Mapping[str, float]]], language: Language) -> str:
    """One sentence: what the best tenth finds."""
    told = {"share": percent(SHARE_IN_WORDS, language), "ours": _rounded(curves["tamis"], language)}
    if "points" not in curves:
        return say("gain_hint_alone", language, **told)
    return say("gain_hint", language, theirs=_rounded(curves["points"], language), **told)


def _rounded(curve: Sequence[Mapping[str, float]], language: Language) -> str:
    return percent(round(gain_at(curve, SHARE_IN_WORDS), 2), language)


def _diagrams(certificate: Certificate, language: Language) -> list[dict[str, Any]]:
    """Reliability of the whole and of each segment: drawing and bins."""
    return [
        {
            "segment": segment,
            "drawn": Markup(charts.reliability(verdict.bins, certificate.tolerance, language)),  # noqa: S704 (our own SVG)
            "bins": verdict.bins,
        }
        for segment, verdict in certificate.verdicts.items()
        if verdict.bins
    ]


def drift(runs: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Say whether the mean propensity of the last runs moved.

    Parameters
    ----------
    runs : sequence of mapping
        ``mean_propensity`` of each, the newest first.
    language : {"en", "fr"}
        Of the sentence.

    Returns
    -------
    str

    Examples
    --------
    >>> drift([{"mean_propensity": 0.06}, {"mean_propensity": 0.04}], "en")
    'The mean propensity moved from 4% to 6% over the last 2 runs.'
    """
    if len(runs) < 2:
        return say("drift_one", language)
    now, before = runs[0]["mean_propensity"], runs[-1]["mean_propensity"]
    told = {"n": len(runs), "now": percent(round(now, 4), language), "before": percent(round(before, 4), language)}
    moved = abs(now - before) > STEADY * max(before, 1e-9)
    return say("drift_level" if moved else "drift_steady", language, **told)


def _trail(runs: Sequence[Mapping[str, Any]], language: Language) -> Markup | None:
    if len(runs) < 2:
        return None
    oldest_first = [run["mean_propensity"] for run in reversed(runs)]
    name = (
        f"{say('mean_propensity', language)}: {day(runs[-1]['cutoff'], language)} – {day(runs[0]['cutoff'], language)}"
    )
    return Markup(charts.trail(oldest_first, name))  # noqa: S704 (our own SVG)


def watched(workspace: Workspace, run_id: str, language: Language) -> dict[str, Any] | None:
    """What the monitor found of a run.

    Parameters
    ----------
    workspace : Workspace
        Where it keeps that.
    run_id : str
        The run.
    language : {"en", "fr"}
        Of the alarms.

    Returns
    -------
    dict, optional
        ``looked_at`` (UTC seconds) and ``told``, what was seen, its likely cause and what to do, for each alarm; None
        where it has not looked.
    """
    with contextlib.suppress(OSError, ValueError, KeyError):
        found = json.loads((workspace.monitor / f"{run_id}.json").read_text(encoding="utf-8"))
        return {"looked_at": found["looked_at"], "told": [alarm["told"][language] for alarm in found["alarms"]]}
    return None


def said_by_sales(latest: Iterable[Review], language: Language) -> dict[str, Any]:
    """Count what sales decided: accepted, refused, and refusals by reason with the propensity that was promised."""
    decided = list(latest)
    reasons: dict[str, list[float]] = defaultdict(list)
    for review in decided:
        if review.reason is not None:
            reasons[review.reason].append(review.propensity)
    rows = [(refusal(code, language), len(of), sum(of) / len(of)) for code, of in reasons.items()]
    n_refused = sum(len(of) for of in reasons.values())
    return {
        "n_accepted": len(decided) - n_refused,
        "n_refused": n_refused,
        "reasons": sorted(rows, key=lambda row: (-row[1], row[0])),
    }
