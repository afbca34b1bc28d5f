"""The routes of the page: thin; what they show is gathered by the modules beside this one."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import parse_qsl

import anyio.to_thread
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from features.errors import TamisError
from pipeline.page import views
from pipeline.page.access import RefusedError, check_csrf
from pipeline.page.guard import Guard, Log, Pace, TooLargeError, plain
from pipeline.page.shared import HERE, LANGUAGE_COOKIE, Page

STATIC = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
YEAR_SECONDS = 365 * 86_400
THREADS = 2
MOST_FIELDS = 20


def create_app(  # noqa: C901 (routes, one after the other)
    page: Page,
    *,
    key: bytes,
    log: Log,
    hosts: tuple[str, ...] | None = None,
    announce: Callable[[], None] = lambda: None,
) -> Guard:
    """Put the page together.

    Parameters
    ----------
    page : Page
        What the routes share.
    key : bytes
        Signs sessions and hides names in the log.
    log : callable
        As for `Guard`.
    hosts : tuple of str, optional
        As for `Guard`.
    announce : callable
        Called when the one-time link was used, so that another one can be shown.

    Returns
    -------
    Guard
        An ASGI application.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=few_threads)
    is_https = page.settings.page.url.startswith("https://")
    app.add_middleware(
        SessionMiddleware,
        secret_key=key.hex(),
        session_cookie="__Host-tamis" if is_https else "tamis",
        max_age=int(3600 * page.settings.page.session_hours),
        same_site="lax",
        https_only=is_https,
    )

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        return page.message(request, error.status, error.code)

    @app.exception_handler(HTTPException)
    async def not_found(request: Request, error: HTTPException) -> Response:
        code = "slow_down" if error.status_code == 429 else "bad_form" if error.status_code == 400 else "not_found"
        return page.message(request, error.status_code if error.status_code in (400, 429) else 404, code)

    @app.exception_handler(TooLargeError)
    async def too_large(_request: Request, _error: TooLargeError) -> Response:
        return plain(413)

    @app.exception_handler(TamisError)
    async def damaged(request: Request, _error: TamisError) -> Response:
        return page.message(request, 500, "damaged")

    @app.get("/")
    def queue(request: Request) -> Response:
        return views.queue(page, page.asked(request))

    @app.get("/leads.csv")
    def export(request: Request) -> Response:
        return views.export(page, page.asked(request))

    @app.get("/lead/{key}")
    def one(request: Request, key: str) -> Response:
        asked = page.asked(request)
        return views.dossier(page, asked, key)

    @app.get("/lead/{key}/history")
    def history(request: Request, key: str) -> Response:
        asked = page.asked(request)
        return views.history(page, asked, key)

    @app.post("/lead/{key}/review")
    async def review(request: Request, key: str) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(views.keep_review, page, page.asked(request), key, form)

    @app.get("/model")
    def model(request: Request) -> Response:
        return views.model(page, page.asked(request))

    @app.get("/model/evidence")
    def evidence(request: Request) -> Response:
        return views.report(page.asked(request))

    @app.post("/language")
    async def language(request: Request) -> Response:
        form = await read_form(request)
        page.asked(request)
        check(request, form)
        answer = RedirectResponse(local(form.get("back", "/")), 303)
        if form.get("language") in ("en", "fr"):
            answer.set_cookie(
                LANGUAGE_COOKIE, form["language"], YEAR_SECONDS, httponly=True, samesite="lax", secure=is_https
            )
        return answer

    @app.get("/enter")
    def enter(request: Request, token: str = "") -> Response:
        if not page.access.enter(token, request.session):
            raise RefusedError(401, page.settings.page.sign_in)
        announce()
        return RedirectResponse("/", 303)

    @app.post("/leave")
    async def leave(request: Request) -> Response:
        check(request, await read_form(request))
        request.session.clear()
        return RedirectResponse("/", 303)

    @app.get("/oidc/begin")
    async def begin(request: Request) -> Response:
        if page.provider is None:
            raise HTTPException(404)
        return await page.provider.begin(request)

    @app.get("/oidc/back")
    async def back(request: Request) -> Response:
        if page.provider is None:
            raise HTTPException(404)
        name = await page.provider.end(request)
        page.access.user(name)
        page.access.sign_in(name, request.session)
        return RedirectResponse("/", 303)

    @app.get("/newest")
    def newest(request: Request) -> dict[str, str]:
        index = page.asked(request).index
        return {"run": index.run["run_id"] if index else ""}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404)
        body = (HERE / "static" / name).read_bytes()
        return Response(body, media_type=STATIC[name], headers={"cache-control": "public, max-age=3600"})

    return Guard(
        app,
        hosts=hosts,
        pace=Pace(4 * page.settings.page.requests_per_minute),
        key=key,
        log=log,
        is_https=is_https,
    )


@contextlib.asynccontextmanager
async def few_threads(_app: FastAPI) -> AsyncIterator[None]:
    """Work in few threads: each has its own connection and its own cache."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


async def read_form(request: Request) -> dict[str, str]:
    """Read a form of ours; anything else is an empty one."""
    try:
        body = (await request.body()).decode()
        return dict(parse_qsl(body, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def check(request: Request, form: Mapping[str, str]) -> None:
    """Let a write pass only from a form of this session."""
    check_csrf(request.session, form.get("csrf", ""), request.headers, request.headers.get("host", ""))


def local(address: str) -> str:
    r"""Keep an address that stays here; anywhere else becomes the first page.

    Examples
    --------
    >>> local("/model?x=1"), local("//evil.example"), local("https://evil.example"), local("/\\\\evil.example")
    ('/model?x=1', '/', '/', '/')
    """
    is_ours = address.startswith("/") and not address.startswith("//") and address.isprintable() and "\\" not in address
    return address if is_ours else "/"
