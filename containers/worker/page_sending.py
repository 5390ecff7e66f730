"""Handing other things than texts to the page: typed calls, each raising as `page.py` says.

A file goes in through a file input that is in no document: the browser reads it from the disk, which took a 5 MB file
0.5 s where base64 took 2 to 3 s. Then the page holds its bytes in memory until it is handed over.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from containers.worker.page import CALL_S, Page, SendResult, sent

_HD_EDGE = 1600  # what is larger WhatsApp's page would make smaller, were it not told


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`hex` is our id of it (P2), `quoted` the key, or the hex part, of the message in this chat that it answers;
    `mentions` are chat ids of people whom its text names."""

    chat: str = field(repr=False)
    hex: str
    quoted: str | None = field(default=None, repr=False)
    mentions: tuple[str, ...] = field(default=(), repr=False)


async def give_file(page: Page, path: Path, hex_id: str, *, name: str, mime: str) -> None:
    """The page has its bytes when this returns; the file may go. A second time it replaces what it had."""
    await page.put_file(path, hex_id)
    await page.call("takeFile", {"hex": hex_id, "name": name, "mime": mime}, CALL_S)


async def send_file(
    page: Page, outgoing: Outgoing, kind: str, *, caption: str | None, view_once: bool, edge: int
) -> SendResult:
    """Hand over what `give_file` gave. Returns when the page has kept it: then it uploads, and answers come as AckSeen.
    A message that the page knows already is not handed over again, unless WhatsApp or its upload refused it."""
    order = {"kind": kind, "text": caption, "view_once": view_once, "hd": edge > _HD_EDGE}
    return sent(await page.call("sendFile", {**_plain(outgoing), **order}))


async def send_parts(page: Page, outgoing: Outgoing, kind: str, content: Mapping[str, Any]) -> SendResult:
    """A place, cards, or a poll: `content` as domain/contents.py has it."""
    return sent(await page.call("sendParts", {**_plain(outgoing), "kind": kind, "content": dict(content)}))


def _plain(outgoing: Outgoing) -> dict[str, Any]:
    return {**asdict(outgoing), "mentions": list(outgoing.mentions)}
