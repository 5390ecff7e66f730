"""Trouble with files, on order: refused, slow, cut off, damaged; for uploads by account, for downloads by file."""

import asyncio
import json
import sqlite3
from dataclasses import asdict, dataclass, fields
from typing import Any

from starlette.requests import Request

from containers.simulator.errors import BadRequest
from containers.simulator.network import Network


@dataclass(frozen=True, slots=True)
class Trouble:
    """`times` is how often it happens still; without it, always. `cut_after` and `bytes_per_s` count ciphertext."""

    status: int | None = None
    times: int | None = None
    delay_ms: int = 0
    bytes_per_s: int | None = None
    cut_after: int | None = None
    damaged: bool = False

    @property
    def is_plain(self) -> bool:
        return self.bytes_per_s is None and self.cut_after is None and not self.damaged


NONE = Trouble()
REUPLOADS = ("yes", "not_found", "error", "never")


def checked(body: Any) -> dict[str, Any]:
    """What is stored for it; an empty object ends the trouble."""
    if not isinstance(body, dict):
        raise BadRequest("bad_field", "trouble with files is an object")
    known = {field.name for field in fields(Trouble)}
    for name, value in body.items():
        if name not in known:
            raise BadRequest("unknown_field", f"trouble with files has no field {name!r}")
        if name == "damaged":
            if not isinstance(value, bool):
                raise BadRequest("bad_field", "damaged must be true or false")
        elif value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise BadRequest("bad_field", f"{name} must be a whole number, or null")
    return dict(body)


def for_upload(network: Network, number: str) -> Trouble:
    row = network.store.one("select uploads from accounts where number = ?", number)
    if row is None:
        return NONE
    trouble, left = _take(row["uploads"])
    if left is not None:
        network.store.run("update accounts set uploads = ? where number = ?", left, number)
    return trouble


def for_download(network: Network, row: sqlite3.Row) -> Trouble:
    trouble, left = _take(row["faults"])
    if left is not None:
        network.store.run("update files set faults = ? where path = ?", left, row["path"])
    return trouble


def _take(stored: str) -> tuple[Trouble, str | None]:
    """The trouble that happens now, and what is stored of it afterwards when that changes."""
    trouble = Trouble(**json.loads(stored))
    if trouble.times is None:
        return trouble, None
    if trouble.times <= 1:
        return (trouble if trouble.times else NONE), "{}"
    return trouble, json.dumps({**asdict(trouble), "times": trouble.times - 1})


async def pause(network: Network, request: Request, ms: int) -> None:
    """Before the answer to a request that was read; over when nobody waits for it any more, or the trouble is ended."""
    if ms:
        waiting = [asyncio.create_task(one) for one in (_gone(request), network.uploads_eased.wait())]
        try:
            await asyncio.wait(waiting, timeout=ms / 1000, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def hang_up(request: Request) -> None:
    """Breaks the connection itself: a server has no other way to fall silent in the middle of a file."""
    transport = getattr(getattr(request.receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
