"""What each route answers."""

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from features.errors import UseError
from features.language import Language
from pipeline import reviews
from pipeline.language import day
from pipeline.page import charts, worth
from pipeline.page.access import check_csrf
from pipeline.page.guard import REPORT_CSP
from pipeline.page.index_tables import CALL, CHOICES
from pipeline.page.library import Index, borrowed
from pipeline.page.page_words import say
from pipeline.page.person import dossier_of, steps
from pipeline.page.queue import MOST_COUNTED, Place, View, colleagues, everything, fetch, lead
from pipeline.page.shared import Asked, Page
from pipeline.page.shown import choice, counted
from pipeline.refusals import refusal
from pipeline.report.dossier import context
from pipeline.reviews import Review

TWO_DAYS_HOURS = 48


def queue(page: Page, asked: Asked) -> Response:
    """Whom to call."""
    now = int(page.now())
    state = page.library.state(now)
    if asked.index is None:
        return page.html(asked, "empty.html.jinja", state=state)
    index, language = asked.index, asked.language
    parameters = dict(asked.request.query_params)
    view = View.read(parameters, asked.user.owner)
    found = fetch(index, view, now, Place.read(parameters.get("at", ""), view.order))
    teller = page.teller(asked, index)
    lines = [teller.line(row) for row in found.rows]

    def link(**changes: str) -> str:
        asked_for = {**view.parameters(), **changes}
        return "/?" + urlencode(asked_for) if asked_for else "/"

    return page.html(
        asked,
        "queue.html.jinja",
        state=state,
        ago=_ago(now - index.run["scored_at"], language),
        cutoff=index.run["cutoff"],
        view=view,
        q=view.search,
        lines=lines,
        standing={(True, False): "col_chance", (False, True): "col_rank"}.get(
            (any(line["certified"] for line in lines), any(not line["certified"] for line in lines)), "col_standing"
        ),
        has_amounts=teller.has_amounts,
        is_certified=all(line["certified"] for line in lines),
        since=_since(index),
        n=found.n,
        n_told=counted(found.n, MOST_COUNTED, language),
        late_told=counted(found.n_late, MOST_COUNTED, language) if found.n_late else "",
        filters=_filters(index, view, language),
        before=link(at=found.before.write()) if found.before else "",
        after=link(at=found.after.write()) if found.after else "",
        first=link(),
        export="/leads.csv?" + urlencode({**view.parameters(), "show": view.show}),
    )


def _filters(index: Index, view: View, language: Language) -> list[dict[str, Any]]:
    """The filters that divide these leads, each with its choices in words."""
    found = []
    for name in CHOICES:
        options = index.choices[name]
        if name == "owner" and view.owner is not None:
            continue
        if name == "band":
            options = sorted(options, key=lambda option: option[1])
        if len(options) > 1 or name in view.filters:
            words = [(text, choice(name, text, language), n) for _, text, n in options]
            found.append({"name": name, "options": words, "chosen": view.filters.get(name, "")})
    return found


def _since(index: Index) -> int | None:
    """Cutoff of the run before."""
    return next((run["cutoff"] for run in index.about["runs"] if run["cutoff"] < index.run["cutoff"]), None)


def _ago(seconds: float, language: Language) -> str:
    hours = round(seconds / 3600)
    if hours < TWO_DAYS_HOURS:
        return say("ago_hours", language, n=hours)
    return say("ago_days", language, n=round(hours / 24))


def export(page: Page, asked: Asked) -> Response:
    """The view as CSV, whatever its length, a part at a time."""
    if asked.index is None:
        raise HTTPException(404)
    index, view = asked.index, View.read(dict(asked.request.query_params), asked.user.owner)
    teller = page.teller(asked, index)

    def parts() -> Iterator[str]:
        with borrowed(index) as connection:
            yield from teller.csv(everything(index, connection, view, int(page.now())))

    headers = {"content-disposition": 'attachment; filename="leads.csv"'}
    return StreamingResponse(parts(), media_type="text/csv; charset=utf-8", headers=headers)


def _found(asked: Asked, key: str) -> tuple[Index, dict[str, Any]]:
    """The lead of an address; there is none where somebody may not see it."""
    row = None if asked.index is None else lead(asked.index, key, asked.user.owner)
    if asked.index is None or row is None:
        raise HTTPException(404)
    return asked.index, row


def dossier(page: Page, asked: Asked, key: str) -> Response:
    """Why a lead is where it is, and the buttons to decide."""
    index, row = _found(asked, key)
    teller, language = page.teller(asked, index), asked.language
    told = dossier_of(page.library, page.settings, index, row, language)
    others, n_more = colleagues(index, row, asked.user.owner)
    passed = steps(page.library, index, row)
    shares = [step.propensity for step in reversed(passed)]
    drawn = charts.trail(shares, say("history", language)) if told.certified and len(shares) > 1 else ""
    return page.html(
        asked,
        "dossier.html.jinja",
        **context(told, language),
        key=key,
        name=teller.name(row),
        past=passed,
        trail=Markup(drawn),  # noqa: S704 (our own SVG)
        others=[teller.line(other) for other in others],
        n_more=n_more,
        has_account=row["account"] is not None,
        can_decide=row["decision"] == CALL,
        decided=_decided(page, row["lead_id"], language),
        reasons=[(code, refusal(code, language)) for code in page.settings.policy.refusal_reasons],
    )


def _decided(page: Page, lead_id: str, language: Language) -> str:
    """The newest decision on a lead, in words; empty where there is none."""
    review = reviews.newest_of(page.workspace, lead_id)
    if review is None:
        return ""
    told = {
        "decision": say(f"decided_{review.decision}", language),
        "on": day(review.at, language, page.settings.zone),
        "actor": review.actor,
    }
    if review.reason is None:
        return say("decided_told", language, **told)
    return say("decided_why", language, reason=refusal(review.reason, language).lower(), **told)


def history(page: Page, asked: Asked, key: str) -> Response:
    """What moved a lead from run to run."""
    index, row = _found(asked, key)
    passed = steps(page.library, index, row, asked.language)
    teller = page.teller(asked, index)
    return page.html(
        asked,
        "history.html.jinja",
        key=key,
        name=teller.name(row),
        steps=passed,
        certified=teller.certified(row),
    )


def keep_review(page: Page, asked: Asked, key: str, form: Mapping[str, str]) -> Response:
    """Keep what sales decided of a lead."""
    request = asked.request
    check_csrf(request.session, form.get("csrf", ""), request.headers, request.headers.get("host", ""))
    index, row = _found(asked, key)
    if row["decision"] != CALL:
        raise HTTPException(400)
    decision = form.get("decision", "")
    review = Review(
        lead_id=row["lead_id"],
        at=int(page.now()),
        actor=asked.user.name,
        decision=cast("reviews.Decision", decision),
        reason=form.get("reason") or None if decision == "refused" else None,
        run_id=index.run["run_id"],
        model_version=index.run["model_version"],
        propensity=row["propensity"],
        threshold=row["threshold"],
    )
    try:
        reviews.record(page.workspace, review, page.settings.policy.refusal_reasons)
    except UseError:
        raise HTTPException(400) from None
    request.session["flash"] = [decision, key]
    return RedirectResponse("/", 303)


def model(page: Page, asked: Asked) -> Response:
    """What the scores are worth."""
    if asked.index is None:
        return page.html(asked, "empty.html.jinja", state=page.library.state(int(page.now())))
    said = None
    if asked.user.role == "manager":
        said = worth.said_by_sales(reviews.latest(page.workspace).values(), asked.language)
    values = worth.context(asked.index, page.settings, asked.language)
    watched = worth.watched(page.workspace, asked.index.run["run_id"], asked.language)
    return page.html(asked, "model.html.jinja", **values, said=said, watched=watched)


def report(asked: Asked) -> Response:
    """The whole evidence, as it was written at the training, in the reader's language where it was written in it."""
    if asked.user.role != "manager" or asked.index is None:
        raise HTTPException(404)
    for name in (f"report.{asked.language}.html", "report.html"):
        if (path := asked.index.path / name).is_file():
            return HTMLResponse(path.read_bytes(), headers={"content-security-policy": REPORT_CSP})
    raise HTTPException(404)
