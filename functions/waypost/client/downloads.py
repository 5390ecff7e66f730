"""Reading a file: part by part, into a file that gets its name when all of it is there and is what was promised."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

from waypost.client.errors import Refused
from waypost.client.http import Http

PART_BYTES = 4 * 1024 * 1024  # as much as one answer holds

type Progress = Callable[[int, int], None]  # bytes read, of how many


async def download(http: Http, path: str, into: Path, *, progress: Progress) -> Path:
    """Read what the address `path` gives. What is half stays beside it as `{name}.part`, and is begun anew.

    Raises Refused: also 409 `media_changed`, when what came is not what the server says that it is."""
    draft = into.with_name(f"{into.name}.part")
    found, at, size, tag = hashlib.sha256(), 0, 1, ""
    await asyncio.to_thread(draft.unlink, missing_ok=True)
    while at < size:
        headers = {"range": f"bytes={at}-{at + PART_BYTES - 1}", **({"if-range": tag} if tag else {})}
        answer = await http.read(path, headers)
        tag, size = answer.headers["etag"], _size_of(answer.headers.get("content-range"), len(answer.content))
        found.update(answer.content)
        await asyncio.to_thread(_append, draft, answer.content)
        at += len(answer.content)
        progress(at, size)
    if tag.strip('"') != found.hexdigest():
        raise Refused(409, {"code": "media_changed", "detail": "What came is not the file that was promised."})
    await asyncio.to_thread(draft.replace, into)
    return into


def _size_of(content_range: str | None, length: int) -> int:
    """Of the whole file; an answer that is all of it has no range."""
    return length if content_range is None else int(content_range.rpartition("/")[2])


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
