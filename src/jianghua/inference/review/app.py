"""The review page as a local web application: one coder, one token, nothing from elsewhere.

A site that the analyst visits at the same time can reach 127.0.0.1, too. Hence: the Host header must name this
machine (no rebinding), every request needs the cookie that the printed address sets (SameSite=Strict), and what
changes something must come from this origin as JSON of at most 64 KiB.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from jianghua.codebook import Axis
from jianghua.inference.page import asset, colour_of, printable, source_hash
from jianghua.inference.review.session import LONGEST_GIST, NO_GIST, Session
from jianghua.inference.review.words import REVIEW_WORDS
from jianghua.inference.table import LANGUAGES
from jianghua.schema import InputError

LARGEST_BODY = 64 * 1024  # bytes
HOSTS = ["127.0.0.1", "localhost"]
TASK_KEYS = "1234567890"
DOMAIN_KEYS = "qwertyuiopasdfg"  # the other letters have other duties
_SAFE = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip
_Next = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A label as the page offers it."""

    code: str
    name: str
    key: str
    colour: str
    definition: str


def make_app(session: Session, token: str, language: str = "zh") -> Starlette:
    """The application for one coder; `token` opens it, by `/?token=…` once and then by a cookie.

    Raises:
        InputError: another language than "zh" and "en".
    """
    if language not in LANGUAGES:
        raise InputError(f"a language among {', '.join(LANGUAGES)}", repr(language), "choose one")
    served = _Served(session, token, _page(session, language))
    routes = [
        Route("/", served.page),
        Route("/api/task/{place:int}", served.task, methods=["GET"]),
        Route("/api/task/{place:int}", served.save, methods=["POST"]),
        Route("/api/agreement", served.agreement),
    ]
    guards = [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
              Middleware(BaseHTTPMiddleware, dispatch=served.guard)]  # fmt: skip
    return Starlette(routes=routes, middleware=guards, exception_handlers={InputError: _bad_input, OSError: _no_disk})


@dataclass(frozen=True)
class _Served:
    session: Session
    token: str
    html: tuple[str, str]  # page, content security policy

    async def guard(self, request: Request, call_next: _Next) -> Response:
        refused = self._refusal(request)
        response = refused if refused is not None else await call_next(request)
        response.headers.update({**_SAFE, "Content-Security-Policy": self.html[1]})
        return response

    def _refusal(self, request: Request) -> Response | None:
        first = request.url.path == "/" and "token" in request.query_params
        given = request.query_params["token"] if first else request.cookies.get(self._cookie(request), "")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return _error(403, InputError("the address that jianghua review printed", "another token", "open that one"))
        if request.method != "GET" and request.headers.get("origin") != f"http://{request.headers['host']}":
            return _error(403, InputError("a request of this page", "another origin", "open the page itself"))
        return None

    @staticmethod
    def _cookie(request: Request) -> str:
        # Cookies know no ports, and two coders may have a page open in one browser.
        return f"jianghua-review-{request.url.port}"

    async def page(self, request: Request) -> Response:
        if "token" not in request.query_params:
            return HTMLResponse(self.html[0])
        # The token leaves the address bar and the history.
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(self._cookie(request), self.token, httponly=True, samesite="strict")
        return response

    async def task(self, request: Request) -> Response:
        return JSONResponse(self.session.show(request.path_params["place"]))

    async def save(self, request: Request) -> Response:
        said = await _read_json(request)
        place = request.path_params["place"]
        self.session.save(place, said)  # on the event loop: one decision after the other
        return JSONResponse({"next": self.session.next_open(place), "done": self.session.done})

    async def agreement(self, request: Request) -> Response:
        return JSONResponse(self.session.agreement())


async def _read_json(request: Request) -> Any:
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise InputError("JSON", f"{request.headers.get('content-type')!r:.60}", "reload the page")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise InputError(f"at most {LARGEST_BODY} bytes", "more", "shorten the gist or the items")
    try:
        return json.loads(body)
    # RecursionError: ten thousand opening brackets fit, too.
    except (ValueError, RecursionError) as error:
        raise InputError("JSON", f"{error}", "reload the page") from error


def _error(status: int, error: InputError) -> Response:
    return JSONResponse({"error": str(error)}, status_code=status)


async def _bad_input(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


async def _no_disk(request: Request, error: Exception) -> Response:
    found = f"{error.strerror if isinstance(error, OSError) else error}"
    return _error(507, InputError("room on the disk", found, "make room and confirm again"))


def _page(session: Session, language: str) -> tuple[str, str]:
    """The page, and the policy that admits its style sheet and script and no other."""
    css, js = asset("page.css") + asset("review.css"), asset("review.js")
    column = LANGUAGES.index(language)
    environment = Environment(
        loader=PackageLoader("jianghua.inference", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=printable,
    )  # fmt: skip
    html = environment.get_template("review.html.j2").render(
        words={key: pair[column] for key, pair in REVIEW_WORDS.items()}, html_lang=("zh-CN", "en")[column],
        coder=session.coder, start=session.next_open() or 0, longest_gist=LONGEST_GIST, no_gist=" ".join(NO_GIST),
        tasks=_choices(session.codebook.task_type, TASK_KEYS, column),
        domains=_choices(session.codebook.policy_domain, DOMAIN_KEYS, column), css=Markup(css), js=Markup(js),
    )  # fmt: skip
    policy = (
        f"default-src 'none'; style-src '{source_hash(css)}'; script-src '{source_hash(js)}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _choices(axis: Axis, keys: str, column: int) -> list[Choice]:
    return [
        Choice(code, axis.names_zh[code] if column == 0 else code, keys[place : place + 1], colour_of(axis, code),
               str((axis.definitions.get(code) or {}).get("definition", "")))
        for place, code in enumerate(axis.labels)
    ]  # fmt: skip
