"""Taking a file of a message out of the page. Raises as `page.py` says; WhatsAppError `media_gone` when WhatsApp has it
no more, though it asked the account's phone for it.

Measured for 16 MB on two cores: 0.33 s by the protocol's `IO.read`, of which no piece holds the browser's pipe for more
than 40 ms a megabyte; 0.6 s as base64 through the page's script, which stands still meanwhile; 0.05 s as a download of
the browser, which would leave the plain bytes on the disk (P6). So it is the first.
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from containers.worker.page import CALL_S, Page
from waypost.errors import WhatsAppError

LOAD_S = 180.0  # 16 MB at a megabit a second; the phone may have to be asked
PIECE_BYTES = 256 * 1024  # a larger one would hold up what other sessions of the same driver ask
_THUMBNAIL_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the page says of a file that it has loaded; `thumbnail` is a JPEG."""

    size: int
    mime: str | None
    thumbnail: bytes | None = field(repr=False)


async def download(page: Page, key: str, into: Callable[[bytes], Awaitable[None]], *, max_bytes: int) -> Loaded:
    """Have the page load the file of the message with this key, and hand it on piece by piece."""
    async with asyncio.timeout(LOAD_S):
        held = await page.call("loadFile", {"key": key}, LOAD_S)
        try:
            if held["size"] > max_bytes:
                raise WhatsAppError("The file is too large.", code="media_received_too_large")
            async for piece in page.read_held(held["ticket"], PIECE_BYTES):
                await into(piece)
        finally:
            await page.call("dropFile", {"ticket": held["ticket"]}, CALL_S)
    return Loaded(held["size"], held["mime"], _jpeg(held["thumbnail"]))


def _jpeg(encoded: str | None) -> bytes | None:
    try:
        raw = base64.b64decode(encoded or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if raw.startswith(b"\xff\xd8\xff") and len(raw) <= _THUMBNAIL_BYTES else None
