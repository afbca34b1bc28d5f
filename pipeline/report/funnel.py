"""The funnel as one self-contained page, and as tables for spreadsheets."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from features.fit import channel
from features.language import Language, percent
from pipeline.language import day, fixed, money, signed
from pipeline.refusals import refusal
from pipeline.report.funnel_plots import bars, cohorts
from pipeline.report.templates import environment
from pipeline.report.words import say
from pipeline.settings import Settings
from pipeline.spreadsheets import harmless
from pipeline.workspace import write_text

GROUPS = ("all", "cohort", "channel", "segment")
Funnel = Mapping[str, Any]


def named(group: str, name: str, language: Language) -> str:
    """Name a group for people."""
    if name == "all":
        return say("all_channels", language)
    if group == "channel":
        return channel(name, language).replace("_", " ")
    return name


def step_words(one: Mapping[str, Any], language: Language) -> str:
    """Name a step."""
    return f"{say('stage_' + one['source'], language)} → {say('stage_' + one['target'], language)}"


def share_words(one: Mapping[str, Any], language: Language) -> str:
    """Say a share with its interval, or when it can be known.

    Examples
    --------
    >>> share_words({"share": 0.25, "low": 0.2, "high": 0.31}, "en")
    '25% [20% – 31%]'
    """
    if one["share"] is not None:
        return f"{percent(one['share'], language)} [{percent(one['low'], language)} – {percent(one['high'], language)}]"
    known = one.get("known_at")
    return say("too_young", language, on=day(int(known), language)) if known else "–"


def delay_words(one: Mapping[str, Any], language: Language) -> str:
    """Say a median delay with its interval."""
    if one["days"] is None:
        return "–"
    low, high = ("…" if end is None else fixed(end, language, 1) for end in (one["days_low"], one["days_high"]))
    return f"{fixed(one['days'], language, 1)} [{low} – {high}]"


def reason_words(reason: str, language: Language) -> str:
    """Say why sales refused."""
    return say("no_reason", language) if reason == "no_reason" else refusal(reason, language)


def look_words(look: Mapping[str, Any], language: Language) -> str:
    """Say what needs another look."""
    others = "" if look["others"] is None else percent(look["others"], language)
    shown = {"n": fixed(look["n"], language), "share": percent(look["share"], language), "others": others}
    return say(f"look_{look['question']}", language, channel=named("channel", look["channel"], language), **shown)


def late_words(late: Mapping[str, Any] | None, language: Language) -> str:
    """Say what being late goes with; empty where that cannot be told."""
    if late is None or late["difference"] is None:
        return ""
    shown = {name: signed(100 * late[name], language, 1) for name in ("difference", "low", "high")}
    lost = {name: fixed(late[name], language) for name in ("lost", "lost_low", "lost_high")}
    if late["low"] <= 0:
        return say("late_costs_not", language, n=fixed(late["n_late"], language), **shown)
    plain = {name: value.lstrip("+") for name, value in shown.items()}
    return say("late_costs", language, n=fixed(late["n_late"], language), **plain, **lost)


def yield_words(grid: Mapping[str, Any], language: Language) -> str:
    """Say what as many leads brought before and bring now."""
    swap = grid["swap_set"]
    told = {
        "grid": say("grid_" + grid["name"], language),
        "n": fixed(swap["n_selected"], language),
        "ours": fixed(swap["wins"]["model"], language),
        "theirs": fixed(swap["wins"]["points"], language),
    }
    on_the_way = swap.get("opportunities")
    if not on_the_way:
        return say("yields_deals", language, **told)
    return say(
        "yields",
        language,
        **told,
        ours_opportunities=fixed(on_the_way["model"], language),
        theirs_opportunities=fixed(on_the_way["points"], language),
    )


def refusal_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[tuple[str, list[int]]]]:
    """Channels, and by reason how many each has, the most frequent first; the last column is the sum."""
    channels = sorted({row["channel"] for row in rows})
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["reason"], {})[row["channel"]] = row["n"]
    lines = [(reason, [*(of.get(name, 0) for name in channels), sum(of.values())]) for reason, of in found.items()]
    return channels, sorted(lines, key=lambda line: (-line[1][-1], line[0]))


def render(funnel: Funnel, language: Language, settings: Settings) -> str:
    """Write the funnel as one self-contained HTML page."""
    jinja = environment(language)
    currency = settings.output.currency

    def worded(words: Callable[..., str]) -> Callable[..., str]:
        return lambda *given: words(*given, language)

    for words in (named, step_words, share_words, delay_words, reason_words, look_words, late_words, yield_words):
        jinja.globals[words.__name__] = worded(words)
    jinja.filters["money"] = lambda value: "–" if value is None else money(value, language, currency)
    channels, refusals = refusal_table(funnel["refusals"])
    steps = funnel["steps"]
    drawn = {
        "cohorts": cohorts([one for one in steps if one["group"] == "cohort"], language),
        "channels": bars(
            [(named("channel", one["name"], language), one) for one in _whole(steps, "opportunity")],
            say("plot_channels", language),
            language,
        ),
        "contact": bars(
            [(named("channel", one["channel"], language), one) for one in funnel["contact"]],
            say("plot_contact", language),
            language,
        ),
    }
    groups = {group: [one for one in steps if one["group"] == group and not _is_whole(one)] for group in GROUPS}
    return jinja.get_template("funnel.html.jinja").render(
        funnel=funnel,
        groups=groups,
        channels=channels,
        refusals=refusals,
        hours=fixed(settings.policy.contact_within_hours, language),
        plots={name: Markup(svg) for name, svg in drawn.items()},  # noqa: S704 (our own SVG)
    )


def _is_whole(one: Mapping[str, Any]) -> bool:
    return one["source"] == "lead" and one["target"] in ("sql", "opportunity", "won")


def _whole(steps: Sequence[Mapping[str, Any]], target: str) -> list[Mapping[str, Any]]:
    return [one for one in steps if one["group"] == "channel" and _is_whole(one) and one["target"] == target]


def write_csv(funnel: Funnel, folder: Path, language: Language) -> None:
    """Write the tables of the funnel into a folder: steps, refusals, contact, channels, looks.

    Raises
    ------
    UseError
        The folder cannot be written.
    """
    for name in ("steps", "refusals", "contact", "channels", "looks"):
        write_text(folder / f"funnel_{name}.csv", _csv(funnel[name], language))


def _csv(rows: Sequence[Mapping[str, Any]], language: Language) -> str:
    """In the way spreadsheets of the language read numbers; no text that one would run."""
    buffer = io.StringIO()
    table = csv.writer(buffer, delimiter=";" if language == "fr" else ",", lineterminator="\n")
    if rows:
        table.writerow(rows[0])
        table.writerows([[_cell(value, language) for value in row.values()] for row in rows])
    return "\ufeff" + buffer.getvalue()


def _cell(value: Any, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    text = f"{value:.6g}" if isinstance(value, float) and abs(value) < 1e6 else f"{value:.0f}"
    return text.replace(".", ",") if language == "fr" else text
