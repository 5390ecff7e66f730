"""The link for the person with the phone: made for a session, opened by one browser, over after minutes.

A link's token names its session and holds a secret of which only a MAC is kept. The first browser that opens it brings
a secret of its own; from then on only that browser is answered. Opening is a request of its own, made by a person's
press of a button: a messenger or a mail scanner that fetches the address to preview it does not use it up.
"""

import base64
import hmac
import os

from waypost.domain.ids import is_id
from waypost.domain.linking import LINK_SECONDS
from waypost.entities.link import Link, delete_link, get_link, put_link, take_link, use_link
from waypost.entities.session import Session, get_session
from waypost.errors import Conflict, NotFound
from waypost.ports import Keys, Table


def make_link(
    session: Session, *, table: Table, keys: Keys, now_ms: int, seconds: int = LINK_SECONDS
) -> tuple[str, int]:
    """The token and until when it is good (unix milliseconds). Raises Conflict `already_linked`."""
    if session.me is not None:
        raise Conflict(
            "The session is linked to an account already.",
            field="session_id",
            mend="Log it out first (POST /v1/sessions/{id}/logout), or link another session.",
            code="already_linked",
        )
    secret = base64.b32encode(os.urandom(25)).decode().lower()
    expires_ms = now_ms + seconds * 1000
    put_link(table, Link(session.id, _mac(keys, "link", session.id, secret), expires_ms))
    return f"{session.id.removeprefix('ses_')}_{secret}", expires_ms


def revoke_link(session: Session, *, table: Table) -> None:
    """Harmless when there is none."""
    delete_link(table, session.id)


def open_link(token: str, browser: str, *, table: Table, keys: Keys, now_ms: int) -> tuple[Link, Session]:
    """Bind the link to this browser, or find it bound to it. Raises NotFound
    `link_not_found`, Conflict `link_taken`."""
    link, session = _find(token, table=table, keys=keys, now_ms=now_ms)
    mac = _mac(keys, "link-browser", session.id, browser)
    if link.browser is None and take_link(table, link, mac):
        return link, session
    return enter_link(token, browser, table=table, keys=keys, now_ms=now_ms)


def enter_link(token: str, browser: str, *, table: Table, keys: Keys, now_ms: int) -> tuple[Link, Session]:
    """What the browser that opened it may see. Raises as `open_link` does."""
    link, session = _find(token, table=table, keys=keys, now_ms=now_ms)
    mac = _mac(keys, "link-browser", session.id, browser)
    if link.browser is None or not hmac.compare_digest(link.browser, mac):
        raise Conflict(
            "This link was opened in another browser.",
            mend="Go on there, or ask whoever gave it to you for a new one.",
            code="link_taken",
        )
    if session.me is not None and not link.used:
        use_link(table, link)
    return link, session


def _find(token: str, *, table: Table, keys: Keys, now_ms: int) -> tuple[Link, Session]:
    name, _, secret = token.partition("_")
    session_id = f"ses_{name}"
    link = get_link(table, session_id) if is_id("ses", session_id) else None
    # An unknown session costs the same MAC and comparison as a wrong secret.
    given = _mac(keys, "link", session_id, secret)
    known = hmac.compare_digest(given, link.mac if link is not None else bytes(32))
    session = get_session(table, session_id) if link is not None and known and link.expires_ms > now_ms else None
    if link is None or session is None or session.desired == "deleted":
        raise NotFound(
            "This link is not valid, or not any more.",
            mend="Ask whoever gave it to you for a new one.",
            code="link_not_found",
        )
    return link, session


def _mac(keys: Keys, purpose: str, session: str, secret: str) -> bytes:
    return keys.mac(purpose, f"{session}\x00{secret}".encode())
