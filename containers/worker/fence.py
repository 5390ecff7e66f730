"""The worker's line to the launcher: says until when each session's browser may live (P4)."""

import asyncio
import json
from typing import Any

from waypost.errors import NetworkError

_ANSWER_SECONDS = 5.0
_COPY_SECONDS = 60.0
_EVICT_SECONDS = 20.0


class Fence:
    """One connection for all sessions of a worker; without a launcher (`path` None) nothing is said.

    Raises NetworkError `launcher_gone` when the line is cut: a worker without a fence must not keep sessions.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._turn = asyncio.Lock()
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def extend(self, session: str, boot_deadline: float) -> None:
        """After each renewal of the lease: the session's browser may live until then, on the boot clock."""
        await self._say({"do": "deadline", "session": session, "boottime": boot_deadline})

    async def release(self, session: str) -> None:
        """The session is ours no longer; a browser of it that still lives is killed before this returns."""
        await self._say({"do": "release", "session": session})

    async def copy_profile(self, session: str) -> float | None:
        """Let the launcher copy the session's profile while its browser stands still (`vault/links.py`); for how many
        milliseconds it did. None when it could not."""
        answer = await self._ask_aside({"do": "copy", "session": session}, _COPY_SECONDS)
        return float(answer["paused_ms"]) if answer.get("ok") is True else None

    async def evict(self, session: str) -> None:
        """For who holds the session's lease: end a former owner's browser, which may be frozen and deaf."""
        answer = await self._ask_aside({"do": "evict", "session": session}, _EVICT_SECONDS)
        if answer.get("ok") is not True:
            raise NetworkError("The launcher did not end the browser that was there.", code="browser_not_started")

    async def _ask_aside(self, request: dict[str, object], seconds: float) -> dict[str, Any]:
        """On a line of its own: what takes long must not hold up the deadlines. Empty when there is no answer."""
        assert self._path is not None, "without a launcher the worker does it by itself"
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_unix_connection(self._path)
                writer.write(json.dumps(request).encode() + b"\n")
                answer: dict[str, Any] = json.loads(await reader.readline() or b"{}")
                writer.close()
        except (OSError, TimeoutError):
            return {}
        return answer

    @property
    def has_launcher(self) -> bool:
        return self._path is not None

    async def close(self) -> None:
        if self._line is not None:
            self._line[1].close()
            await self._line[1].wait_closed()

    async def _say(self, request: dict[str, object]) -> None:
        if self._path is None:
            return
        try:
            async with self._turn, asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = self._line = self._line or await asyncio.open_unix_connection(self._path)
                writer.write(json.dumps(request).encode() + b"\n")
                answer = json.loads(await reader.readline() or b"{}")
        except (OSError, TimeoutError):
            answer = {}
        if answer.get("ok") is not True:
            raise NetworkError("The launcher does not answer.", code="launcher_gone")
