"""``tamis retrain``: train a challenger, compare it with the champion, promote it only if it is as good or better."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from features.errors import GateError
from features.language import Language, percent
from models.certificate_words import sentence
from models.lead_model import LeadModel
from models.rivals import Comparison
from models.segments import ALL
from pipeline.compare import Compared, compare, key_of, known_result, mature_rows, newer_rows, require_sound
from pipeline.console import Console
from pipeline.language import day, fixed
from pipeline.opening import open_tables
from pipeline.prepare import prepare
from pipeline.retrain_words import ALREADY, PROMOTED, REFUSALS, comparison_told, figures, gain_figures
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.tracking import CHAMPION, Registry, Version
from pipeline.train import Trained, keep, train
from pipeline.training_views import training_views
from pipeline.views import plain_table
from pipeline.workspace import Workspace, ensure_writable

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Retrained:
    """What came of it.

    Attributes
    ----------
    version : Version
        The challenger, or the champion that it has become.
    trained : Trained, optional
        None where these very data were retrained on before.
    comparison : Comparison, optional
        Beside the champion; None where there was none, or as above.
    against : tuple of str
        Why it was not promoted; empty where it was.
    """

    version: Version
    trained: Trained | None
    comparison: Comparison | None
    against: tuple[str, ...]


def run(root: Path, *, now: int, by: str, console: Console) -> None:
    """Retrain and say what came of it.

    Raises
    ------
    GateError
        The challenger is kept, but the champion stays; or there is nothing new to compare on, and nothing is kept.
    UseError, DataError, OutsideError
        Nothing is kept then.
    """
    settings = load(root)
    language = settings.output.language
    done = retrain(Workspace(root), settings, now=now, by=by, console=console)
    result: dict[str, Any] = {
        "version": done.version.number,
        "aliases": list(done.version.aliases),
        "promoted": CHAMPION in done.version.aliases,
        "against": list(done.against),
        "comparison": None if done.comparison is None else done.comparison.to_dict(),
        "report": None if done.trained is None else str(done.trained.report),
    }
    views: list[RenderableType] = []
    if done.trained is not None:
        views += training_views(done.trained, language)
        if done.comparison is not None:
            views += ["", *comparison_views(done.comparison, done.trained.model, language)]
    elif not done.against:
        views.append(ALREADY[language].format(number=done.version.number))
    console.show(result, *views)
    if done.against:
        stays = "the champion stays" if done.comparison or done.trained is None else "there is no champion yet"
        raise GateError(f"Model version {done.version.number} is kept, {stays}. " + " ".join(done.against))


def retrain(workspace: Workspace, settings: Settings, *, now: int, by: str, console: Console) -> Retrained:
    """Train, compare, promote if nothing speaks against it.

    Run again on the same data and settings it trains nothing and says the same.

    Parameters
    ----------
    now : int
        UTC seconds of the clock.
    by : str
        Who runs it, kept with a promotion.

    Returns
    -------
    Retrained

    Raises
    ------
    GateError
        Too few outcomes that the champion has not learnt from: nothing is trained or kept.
    """
    registry = Registry(workspace, settings.registry)
    champion = registry.find(CHAMPION)
    if champion is None:
        first = train(workspace, settings, now=now, by=by, console=console)
        return Retrained(first.version, first, None, tuple(first.facts.gates))
    ensure_writable(workspace)
    with workspace.lock("train"), workspace.scratch() as scratch:
        with console.step("Reading the tables"):
            opened = open_tables(workspace, settings, now=now)
        with closing(opened):
            key = key_of("retrain", opened, settings)
            if (before := known_result(registry, champion, key)) is not None:
                return Retrained(before[0], None, None, before[1])
            trained, compared = _challenge(workspace, settings, opened, champion, key, scratch, now, console)
            version = trained.version
            if not compared.against:
                why = _in_words(PROMOTED, compared.comparison, settings.output.language)
                version = registry.promote(version.number, by=by, why=why, at=now)
    return Retrained(version, trained, compared.comparison, compared.against)


def _challenge(
    workspace: Workspace,
    settings: Settings,
    opened: Opened,
    champion: Version,
    key: str,
    scratch: Path,
    now: int,
    console: Console,
) -> tuple[Trained, Compared]:
    """Train a challenger and compare it; it is kept whatever comes of that."""
    _, files = Registry(workspace, settings.registry).load(champion.number)
    old = LeadModel.load(files)
    require_sound(opened, old, settings)
    prepared = prepare(workspace, settings, opened, scratch, console)
    found = newer_rows(mature_rows(prepared)[0], old, champion.number, settings, opened)
    result = prepared.train(console)
    with console.step("Comparing with the champion"):
        comparison = compare(old, champion.number, result, found, prepared, settings, opened, scratch)
    against = objections(comparison, result.model, settings)
    gated = keep(
        workspace,
        settings,
        opened,
        prepared,
        result,
        now=now,
        console=console,
        compared=Compared(comparison, against, key),
    )
    return gated, Compared(comparison, (*gated.facts.gates, *against), key)


def objections(comparison: Comparison, challenger: LeadModel, settings: Settings) -> tuple[str, ...]:
    """Say what speaks against putting a challenger in the champion's place.

    Log loss and Brier score may be worse by the margin at most, at the worse end of the interval of the paired
    difference: that it is as good must be shown, not merely undisputed. The challenger as deployed may not come out
    worse by more than that either, out of fold; there each lead is scored by one of its models alone, which is a
    handicap, so that its interval is not asked for as well: a draw leaves the champion where it is. It may not be
    proven to find fewer wins among the leads that sales takes, nor to miss in a segment where the champion does not.
    Its own percentages must be certified; where the settings ask for less, or those of the champion are proven wrong on
    these rows, they must only not be proven wrong.

    Returns
    -------
    tuple of str
        In the language of the settings; empty where nothing does.
    """
    chosen, language = settings.retrain, settings.output.language
    facts = {"champion": comparison.champion, "n": fixed(comparison.n_leads, language)}
    found = []
    for name in ("log_loss", "brier"):
        pair = comparison.pairs[name]
        if not pair.difference.high <= chosen.margin * pair.champion:
            limit = percent(chosen.margin, language)
            found.append(REFUSALS[name][language].format(**facts, **figures(pair, language), limit=limit))
            break
    gain = comparison.pairs["gain"]
    pair = comparison.deployed["log_loss"]
    if not found and pair.difference.value > chosen.margin * pair.champion:
        limit = percent(chosen.margin, language)
        found.append(REFUSALS["deployed"][language].format(**facts, **figures(pair, language), limit=limit))
    if gain.difference.high < 0:
        share = percent(comparison.share, language)
        found.append(REFUSALS["gain"][language].format(**facts, **gain_figures(gain, language), share=share))
    for segment, said in comparison.segments.items():
        if said["challenger"]["word"] == "fail" != said["champion"]["word"]:
            values = {"new": said["challenger"]["promised"], "happened": said["happened"]}
            told = {name: percent(value, language) for name, value in values.items()}
            found.append(REFUSALS["segment"][language].format(**facts, **told, segment=segment))
    if comparison.stability.overlap < chosen.min_overlap:
        shown = {"overlap": comparison.stability.overlap, "least": chosen.min_overlap}
        told = {name: percent(value, language) for name, value in shown.items()}
        kendall = fixed(comparison.stability.kendall, language, 2)
        found.append(REFUSALS["overlap"][language].format(**told, kendall=kendall))
    certificate = challenger.certificate
    proven_wrong = comparison.segments[ALL]["champion"]["word"] == "fail"
    asked = chosen.certified and not proven_wrong
    if certificate is not None and (certificate.failed or (asked and not certificate.passed)):
        found.append(sentence(certificate, language))
    return tuple(found)


def _in_words(words: dict[Language, str], comparison: Comparison, language: Language) -> str:
    return words[language].format(
        champion=comparison.champion,
        n=fixed(comparison.n_leads, language),
        since=day(comparison.first_cutoff, language),
        **figures(comparison.pairs["log_loss"], language),
    )


def comparison_views(found: Comparison, challenger: LeadModel, language: Language) -> list["RenderableType"]:
    """Show a comparison in the terminal."""
    told = comparison_told(found, language, challenger.features)
    table = plain_table("", *told["titles"])
    for name, cells in told["rows"]:
        table.add_row(name, *cells)
    return [f"[bold]{told['on']}[/]", table, *(escape(text) for text in told["sentences"])]
