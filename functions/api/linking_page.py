"""The page for the person with the phone: asked for without a key, it shows one session's code and nothing else.

GET  /link/{token}               the page, the same for everybody: fetching it tells nothing and uses nothing up
POST /link/{token}/open          binds the link to the browser that asks
GET  /link/{token}/state         what that browser shows now
POST /link/{token}/pairing-code  a code to type into the phone, in place of the picture
POST /link/{token}/again         another login after one that failed

Not part of the documented API: only the page itself asks these.
"""

import base64
import functools
import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path as PathParameter
from pydantic import BaseModel

from api.chat_schemas import Phone
from api.current import current
from api.linking_words import STEPS, words_for
from api.pairing import ask_pairing_code
from api.qr import picture
from api.resolver import Router
from api.views import qr_text, shown_code
from waypost import bootstrap
from waypost.domain.linking import ATTEMPTS
from waypost.entities.link import Link
from waypost.entities.session import Session
from waypost.errors import Conflict, ValidationError
from waypost.services.linking import enter_link, open_link
from waypost.services.sessions import start_session

router = Router()

BROWSER = "x-link-browser"  # the header by which the browser that opened it names itself
_SECRET = re.compile(r"[0-9a-f]{64}")
_HERE = Path(__file__).with_name("linking")

Token = Annotated[str, PathParameter(max_length=100)]


class TypedCode(BaseModel):
    code: str
    seconds_left: float


@router.get("/link/<token>", include_in_schema=False)
def page(token: Token) -> Response[str]:  # noqa: ARG001  # the page's script knows it from the address
    html, policy = _page()
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return Response(200, "text/html; charset=utf-8", html, headers)


@router.post("/link/<token>/open", include_in_schema=False)
def open_(token: Token) -> dict[str, Any]:
    app, browser = bootstrap.app(), current().header(BROWSER) or ""
    if not _SECRET.fullmatch(browser):
        raise ValidationError("A browser names itself by 64 hex digits.", field=BROWSER, code="browser_unknown")
    link, session = open_link(token, browser, table=app.table, keys=app.engine.keys, now_ms=app.now_ms())
    return _state(link, session)


@router.get("/link/<token>/state", include_in_schema=False)
def state(token: Token) -> dict[str, Any]:
    return _state(*_enter(token))


@router.post("/link/<token>/pairing-code", include_in_schema=False)
def pairing_code(token: Token, body: Phone) -> Response[str]:
    _, session = _enter(token)
    return ask_pairing_code(session, body.phone, done=_typed_code)


@router.post("/link/<token>/again", include_in_schema=False)
def again(token: Token) -> dict[str, Any]:
    app = bootstrap.app()
    link, session = _enter(token)
    if link.used or not words_for(session, linked=session.me is not None).again:
        raise Conflict("There is nothing to try again.", code="not_over")
    session = start_session(session, table=app.table, queues=app.engine.queues, now_ms=app.now_ms())
    return _state(link, session)


def _typed_code(result: dict[str, Any]) -> TypedCode:
    return TypedCode(code=result["code"], seconds_left=(result["expires_ms"] - bootstrap.app().now_ms()) / 1000)


def _enter(token: str) -> tuple[Link, Session]:
    app = bootstrap.app()
    browser = current().header(BROWSER) or ""
    return enter_link(token, browser, table=app.table, keys=app.engine.keys, now_ms=app.now_ms())


def _state(link: Link, session: Session) -> dict[str, Any]:
    """What the page shows: times as seconds from now, because a phone's clock may be wrong."""
    app = bootstrap.app()
    linked = session.me is not None or link.used
    words = words_for(session, linked=linked)
    qr = None if linked else shown_code(session, app)
    now_ms = app.now_ms()
    shown = None
    if qr is not None:
        drawn = base64.b64encode(picture(qr_text(session, qr, app), "svg")).decode()
        shown = {
            "picture": f"data:image/svg+xml;base64,{drawn}",
            "sequence": qr.sequence,
            "attempt": qr.attempt,
            "attempts": ATTEMPTS,
            "seconds_left": max(0, (qr.expires_ms - now_ms) / 1000),
        }
    return {
        "name": session.name,
        "status": session.status,
        "step": words.step,
        "steps": list(STEPS),
        "title": words.title,
        "text": words.text,
        "again": words.again,
        "qr": shown,
        "over": linked and session.status != "syncing",
        "seconds_left": (link.expires_ms - now_ms) / 1000,
    }


@functools.cache
def _page() -> tuple[str, str]:
    """The page in one piece, and the policy that lets only its own style and script run."""
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    html = (_HERE / "page.html").read_text(encoding="utf-8")
    html = html.replace("/* style */", style).replace("/* script */", script)
    policy = (
        "default-src 'none'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    return html, policy


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
