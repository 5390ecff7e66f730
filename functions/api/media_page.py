"""The pages that a browser gets which opens a file's link: of a large file, and of a link that is not good any more.

Programs ask a large file with `Range` by themselves; a browser that follows a link asks for all, which no answer of
ours may hold: the page reads the parts, and saves them as one file.
"""

import base64
import functools
import hashlib
import html
from pathlib import Path

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.media_files import Readable

_HERE = Path(__file__).with_name("reading")


def is_opened(accept: str | None) -> bool:
    """Whether somebody opens the address in a browser: no program asks for a web page first."""
    return (accept or "").lower().startswith("text/html")


def page_for(file: Readable) -> Response[str]:
    template, policy = _page("page.html")
    name = file.name or "file"
    said = {"size": str(file.size), "name": name, "title": name, "type": file.mime}
    body = template
    for field, value in said.items():
        body = body.replace(f"{{{field}}}", html.escape(value, quote=True))
    return Response(200, _TYPE, body, _headers(policy))


def page_of_nothing() -> Response[str]:
    """For somebody who cannot make a new link, and is told so in their words."""
    body, policy = _page("gone.html")
    return Response(404, _TYPE, body, _headers(policy))


_TYPE = "text/html; charset=utf-8"


def _headers(policy: str) -> dict[str, str | list[str]]:
    return {
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept, Range",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


@functools.cache
def _page(name: str) -> tuple[str, str]:
    """With its style and script, and the policy that lets only these run."""
    style, script, found = ((_HERE / part).read_text(encoding="utf-8") for part in ("page.css", "page.js", name))
    found = found.replace("/* style */", style).replace("/* script */", script)
    policy = (
        "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    return found, policy


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
