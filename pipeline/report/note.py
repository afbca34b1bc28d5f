"""The weekly note: one page for sales and marketing, in the language of the reader."""

from collections.abc import Mapping
from typing import Any

from features.language import Language, percent
from pipeline.language import day, fixed
from pipeline.monitor_views import named_shares
from pipeline.report.note_words import WORDS
from pipeline.report.templates import environment
from pipeline.score_runs import ScoreRun
from pipeline.settings import Settings

TOP_REASONS = 5


def write_note(
    run_: ScoreRun, found: Mapping[str, Any], settings: Settings, language: Language, *, as_html: bool
) -> str:
    """Write the note.

    Parameters
    ----------
    run_ : ScoreRun
        The newest run of the open leads.
    found : mapping
        What `pipeline.monitor` found, as plain data.
    settings : Settings
        Horizon.
    language : {"en", "fr"}
        Of the note.
    as_html : bool
        One self-contained HTML page; else Markdown.

    Returns
    -------
    str
        Names of leads are not in it: it may be sent round.
    """
    page = _page(run_, found, settings, language)
    if as_html:
        return environment(language).get_template("note.html.jinja").render(page=page)
    lines = [f"# {page['title']}", "", *(f"- {text}" for text in page["flow"]), "", f"## {page['kept']}", ""]
    if page["bands"]:
        lines += [page["kept_hint"], "", f"| {' | '.join(page['columns'])} |", "|---" * len(page["columns"]) + "|"]
        lines += [f"| {' | '.join(cells)} |" for cells in page["bands"]]
    else:
        lines.append(page["kept_none"])
    lines += ["", f"## {page['why']}", "", page["why_hint"], ""]
    lines += [f"- {share} {fact}" for share, fact in page["reasons"]]
    lines += ["", f"## {page['alarms']}", ""]
    lines += [f"- **{told['what']}** {told['cause']} {told['action']}" for told in page["told"]] or [page["quiet"]]
    return "\n".join([*lines, "", page["limits"], ""])


def _page(run_: ScoreRun, found: Mapping[str, Any], settings: Settings, language: Language) -> dict[str, Any]:
    rows = run_.rows(["decision", "trend"]).to_pandas()
    handed = rows["decision"] == "hand_over"
    trend = rows["trend"].value_counts()
    counts = {
        "n": len(rows),
        "handed": int(handed.sum()),
        "new": int((handed & (rows["trend"] == "new")).sum()),
        "up": int(trend.get("up", 0)),
        "down": int(trend.get("down", 0)),
        "won": round(found["expected"]["n_won"]),
        "horizon": settings.snapshots.horizon_days,
    }
    shown = {name: fixed(value, language) for name, value in counts.items()}
    realised = found["realised"]
    told = {name: words[language] for name, words in WORDS.items()}
    return {
        **told,
        "title": told["title"].format(on=day(run_.manifest["cutoff"], language)),
        "flow": [told[name].format(**shown) for name in ("flow", "moved", "expected")],
        "columns": told["columns"].split("|"),
        "bands": [_band(one, language) for one in realised["bands"]] if realised else [],
        "reasons": [
            (percent(round(share, 3), language), reason)
            for reason, share in named_shares(found["first_reasons"], language)[:TOP_REASONS]
        ],
        "told": [alarm["told"][language] for alarm in found["alarms"]],
    }


def _band(one: Mapping[str, Any], language: Language) -> list[str]:
    names = ("promised", "happened", "low", "high")
    promised, happened, low, high = (percent(round(one[name], 3), language) for name in names)
    return [one["band"], fixed(one["n_leads"], language), promised, happened, f"{low} – {high}"]
