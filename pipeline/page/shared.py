"""What all routes of the page share: who asks, in which language, from which index, and how a page is filled in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from features.language import Language
from pipeline.language import day, moment
from pipeline.page import page_words
from pipeline.page.access import Access, User
from pipeline.page.guard import Pace
from pipeline.page.library import Index, Library
from pipeline.page.oidc import Provider
from pipeline.page.shown import Teller
from pipeline.report.templates import environment
from pipeline.settings import Settings
from pipeline.workspace import Workspace

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "tamis_language"


@dataclass(frozen=True)
class Asked:
    """A request of somebody who may make it."""

    request: Request
    user: User
    language: Language
    index: Index | None


class Page:
    """Everything that the routes share.

    Parameters
    ----------
    workspace, settings : Workspace, Settings
        What is shown, and to whom.
    access : Access
        Who is who.
    now : callable
        UTC seconds.
    """

    def __init__(self, workspace: Workspace, settings: Settings, access: Access, now: Callable[[], float]) -> None:
        self.workspace = workspace
        self.settings = settings
        self.access = access
        self.now = now
        self.library = Library(workspace, settings.page.stale_hours)
        self.pace = Pace(settings.page.requests_per_minute)
        self._tellers: dict[tuple[Index, Language], Teller] = {}

    @cached_property
    def provider(self) -> Provider | None:
        """Identity provider, where the settings name one."""
        return Provider(self.settings.page) if self.settings.page.sign_in == "oidc" else None

    def teller(self, asked: Asked, index: Index) -> Teller:
        """Words of an index; those of indexes that are gone are forgotten."""
        key = index, asked.language
        if key not in self._tellers:
            self._tellers = {known: teller for known, teller in self._tellers.items() if known[0] is index}
            self._tellers[key] = Teller(index, self.settings, asked.language)
        return self._tellers[key]

    def asked(self, request: Request) -> Asked:
        """Let somebody in.

        Raises
        ------
        RefusedError
            Nobody who may see the page.
        HTTPException
            They ask too often.
        """
        user = self.access.who(request)
        request.state.user = user.name
        if not self.pace.allows(user.name):
            raise HTTPException(429)
        return Asked(request, user, self.language(request), self.library.current())

    def language(self, request: Request) -> Language:
        """As chosen on the page, else as the browser says, else as the settings say."""
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        for code in [chosen, *preferred(request.headers.get("accept-language", ""))]:
            if code == "en":
                return "en"
            if code == "fr":
                return "fr"
        return self.settings.output.language

    def html(self, asked: Asked, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Fill in a template, with what every page has."""
        flash = asked.request.session.pop("flash", None)
        shared = {
            "user": asked.user,
            "csrf": asked.request.session.get("csrf", ""),
            "here": asked.request.url.path + (f"?{asked.request.url.query}" if asked.request.url.query else ""),
            "flash": flash,
            "run_id": asked.index.run["run_id"] if asked.index else "",
            "q": "",
            "can_leave": self.settings.page.sign_in != "proxy",
            "at": lambda seconds: moment(seconds, asked.language, self.settings.zone),
            "on": lambda seconds: day(seconds, asked.language, self.settings.zone),
        }
        return HTMLResponse(jinja(asked.language).get_template(template).render({**shared, **values}), status)

    def message(self, request: Request, status: int, code: str) -> HTMLResponse:
        """Say why somebody does not see what they asked for."""
        language = self.language(request)
        template = jinja(language).get_template("message.html.jinja")
        return HTMLResponse(template.render(status=status, code=code, sign_in=code == "oidc"), status)


def jinja(language: Language) -> Environment:
    """Templates of the page."""
    return environment(language, HERE / "templates", page_words.say)


def preferred(header: str) -> list[str]:
    """Languages of an Accept-Language header, the best first.

    Examples
    --------
    >>> preferred("de-DE,fr;q=0.8,en-GB;q=0.9,*;q=0.1"), preferred("")
    (['de', 'en', 'fr', '*'], [''])
    """
    found = []
    for part in header[:200].split(","):
        name, _, weight = part.partition(";")
        number = re.search(r"q=(\d(?:\.\d+)?)", weight)
        found.append((-(float(number[1]) if number else 1.0), name.strip().partition("-")[0].lower()))
    return [name for _, name in sorted(found, key=lambda item: item[0])]
