"""How a training, a check and the registry look in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from features.language import Language, percent
from pipeline.language import day, fixed, moment
from pipeline.leak_words import xray
from pipeline.threshold_views import threshold_views
from pipeline.views import plain_table
from pipeline.words import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.check import Checked
    from pipeline.tracking import Version
    from pipeline.train import Trained

COHORTS_SHOWN = 6
FIGURES = {"log_loss": ("log loss", 4), "auc": ("AUC", 3), "ece": ("ECE", 4), "lift10": ("lift 10%", 2)}
SYSTEMS = ("tamis", "logistic", "naive_bayes", "points", "constant")
LEVEL_MARKS = {
    "refuse": "[red]✗[/]",
    "row": "[red]✗[/]",
    "cell": "[yellow]![/]",
    "drop": "[dim]-[/]",
    "notice": "[dim]i[/]",
}
SUSPECT_MARKS = {
    "refused": "[red]✗[/]",
    "suspect": "[yellow]![/]",
    "allowed": "[yellow]![/]",
    "protected": "[dim]i[/]",
}


def training_views(trained: "Trained", language: Language) -> list["RenderableType"]:
    """Show a training: the version, its figures beside the baselines, what to read first."""
    version = trained.version
    state = say("refused" if trained.facts.gates else "promoted" if trained.promoted else "is_challenger", language)
    head = plain_table()
    head.add_row(say("model", language).capitalize(), f"[bold]{version.number}[/] ({state})")
    least = trained.model.threshold.threshold
    if least is not None and not trained.model.certified():
        share = percent(round(trained.model.threshold.share, 3), language)
        head.add_row(say("threshold", language), say("best_share", language).format(share=share))
    else:
        head.add_row(
            say("threshold", language),
            say("no_threshold", language) if least is None else f"[bold]{percent(least, language)}[/]",
        )
        reason = trained.model.threshold.reason_en if language == "en" else trained.model.threshold.reason_fr
        head.add_row("", escape(reason))
    marks = ("[green]✓[/]" if certified else "[red]✗[/]" for certified in trained.model.certified_segments().values())
    for mark, told in zip(marks, trained.facts.certificates(language), strict=True):
        head.add_row(mark, escape(told))
    notes = [f"[yellow]![/] {escape(sentence)}" for sentence in trained.facts.notes(language)]
    return [
        head,
        "",
        f"[bold]{say('on_test', language)}[/]",
        _figures(trained, language),
        "",
        *threshold_views(trained.facts, language),
        *notes,
        *_unknown(trained, language),
        f"{say('report', language)}: {escape(str(trained.report))}",
    ]


def _unknown(trained: "Trained", language: Language) -> list["RenderableType"]:
    """What cannot be known, less what was said first."""
    contacted = trained.evidence.contacted or {"sentences": ()}
    said = {note.code for note in trained.evidence.notes}
    rest = [f"[dim]i[/] {escape(s[language])}" for s in contacted["sentences"] if s["code"] not in said]
    return [f"[bold]{say('unknown', language)}[/]", *rest] if rest else []


def _figures(trained: "Trained", language: Language) -> Table:
    table = plain_table("", *(heading for heading, _ in FIGURES.values()))
    for system in SYSTEMS:
        row = trained.facts.evidence["figures"].get(system)
        if row is None:
            continue
        cells = [
            "–" if row[name]["value"] is None else fixed(row[name]["value"], language, digits)
            for name, (_, digits) in FIGURES.items()
        ]
        table.add_row(say(f"system_{system}", language), *cells, style="bold" if system == "tamis" else None)
    return table


def check_views(found: "Checked", language: Language) -> list["RenderableType"]:
    """Show what a check found: tables, faults, maturity, leaks, columns."""
    tables = plain_table(say("table", language), *(say(name, language) for name in ("read", "kept", "quarantined")))
    for name, counts in found.counts.items():
        tables.add_row(name, *(fixed(counts[key], language) for key in ("read", "kept", "quarantined")))
    faults = plain_table()
    for fault in found.faults:
        faults.add_row(LEVEL_MARKS[fault.level], escape(str(fault)))
    cohorts = plain_table(*(say(name, language) for name in ("cohort", "leads", "won", "mature")))
    for row in found.maturity[-COHORTS_SHOWN:]:
        mature = (
            say("yes", language) if row["is_mature"] else f"{say('from', language)} {day(row['matures_at'], language)}"
        )
        won = "–" if row["n_won"] is None else fixed(row["n_won"], language)
        cohorts.add_row(row["cohort"], fixed(row["n"], language), won, mature)
    summary = say("mature_leads", language).format(won=fixed(found.n_won, language), lost=fixed(found.n_lost, language))
    used = say("columns_used", language).format(n=len(found.schema.columns), m=len(found.dropped))
    identifiers = [
        f"[dim]-[/] {escape(item.name)} {say('is_identifier', language)} ({escape(item.detail)})"
        for item in found.dropped
        if item.reason == "identifier"
    ]
    leaks = [f"{SUSPECT_MARKS[s.status]} {escape(xray(s, found.features, language))}" for s in found.suspects]
    return [
        tables,
        "",
        *((faults, "") if found.faults.items else ()),
        *((cohorts, "") if found.maturity else ()),
        summary,
        used,
        *identifiers,
        *leaks,
    ]


def versions_views(versions: Sequence["Version"], language: Language) -> list["RenderableType"]:
    """List model versions, newest first."""
    if not versions:
        return [say("no_versions", language)]
    table = plain_table(say("model", language), "", say("trained", language), "log loss", "AUC", say("gates", language))
    for version in versions:
        figures = [version.figures.get(f"tamis.{name}") for name in ("log_loss", "auc")]
        shown = ["–" if value is None else fixed(value, language, 4) for value in figures]
        gates = say("passed", language) if version.refusal is None else escape(version.refusal)
        table.add_row(
            str(version.number), ", ".join(version.aliases), moment(version.created_at, language), *shown, gates
        )
    return [table]


def decision_views(version: "Version", language: Language) -> list["RenderableType"]:
    """Say which version is champion now."""
    return [say("now_champion", language).format(number=version.number)]
