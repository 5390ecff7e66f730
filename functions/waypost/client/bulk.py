"""Many at once as methods: bulk runs, pools, and what waits in a session. Each may raise Refused and Unreachable."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from waypost.client.http import Http, Json
from waypost.client.shapes import Message, Page, shaped

OVER = frozenset({"finished", "cancelled", "refused"})


@dataclass(frozen=True, slots=True)
class BulkRun:
    """`outcomes` counts rows by what became of them; `estimate` is `{"at", "because"}`, None when it is over."""

    id: str
    status: str
    total: int
    outcomes: Mapping[str, int]
    created_at: str
    name: str = ""
    session_id: str | None = None
    pool_id: str | None = None
    dry_run: bool = False
    estimate: Mapping[str, Any] | None = None
    waits_until: str | None = None
    done_at: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one row; where it was refused, in which `line` and `column`, and what mends it."""

    row: int
    outcome: str
    line: int | None = None
    to: str | None = None
    session_id: str | None = None
    message_id: str | None = None
    code: str | None = None
    column: str | None = None
    message: str | None = None
    mend: str | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    id: str
    name: str
    sessions: tuple[str, ...]
    policy: str
    created_at: str


class Bulk:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, *, idempotency_key: str | None = None, **fields: Any) -> BulkRun:
        """`fields` as in the API's description: `session_id` or `pool_id`, `text` or `template`, `recipients` or `csv`
        (a file's text), `dry_run` …"""
        return shaped(BulkRun, await self._http.post("/v1/bulk", fields, idempotency_key=idempotency_key))

    async def get(self, run_id: str) -> BulkRun:
        return shaped(BulkRun, await self._http.get(_run(run_id)))

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> Page[BulkRun]:
        answer = await self._http.get("/v1/bulk", limit=limit, cursor=cursor)
        return Page(tuple(shaped(BulkRun, one) for one in answer["runs"]), answer["next_cursor"])

    async def results(self, run_id: str) -> AsyncGenerator[BulkResult]:
        """Each row's, in their order."""
        cursor: str | None = None
        while True:
            page = await self._http.get(f"{_run(run_id)}/results", limit=100, cursor=cursor)
            for one in page["results"]:
                yield shaped(BulkResult, one)
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def pause(self, run_id: str) -> BulkRun:
        return shaped(BulkRun, await self._http.post(f"{_run(run_id)}/pause"))

    async def resume(self, run_id: str) -> BulkRun:
        return shaped(BulkRun, await self._http.post(f"{_run(run_id)}/resume"))

    async def cancel(self, run_id: str) -> BulkRun:
        return shaped(BulkRun, await self._http.post(f"{_run(run_id)}/cancel"))


class Pools:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, name: str, sessions: Sequence[str] = (), *, policy: str = "wait") -> Pool:
        """`policy` is `wait` or `move`: what becomes of a conversation whose session is lost."""
        return shaped(
            Pool, await self._http.post("/v1/pools", {"name": name, "sessions": list(sessions), "policy": policy})
        )

    async def get(self, pool_id: str) -> Pool:
        return shaped(Pool, await self._http.get(_pool(pool_id)))

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> Page[Pool]:
        answer = await self._http.get("/v1/pools", limit=limit, cursor=cursor)
        return Page(tuple(shaped(Pool, one) for one in answer["pools"]), answer["next_cursor"])

    async def change(self, pool_id: str, **fields: Any) -> Pool:
        """`name`, `sessions` or `policy`."""
        return shaped(Pool, await self._http.patch(_pool(pool_id), fields))

    async def delete(self, pool_id: str) -> None:
        await self._http.delete(_pool(pool_id))

    async def send_text(
        self, pool_id: str, to: str, text: str, *, idempotency_key: str | None = None, **more: Any
    ) -> Message:
        """By the session that talks with the person already; `session_id` tells which it was."""
        body = {"to": to, "text": text, **more}
        answer = await self._http.post(f"{_pool(pool_id)}/messages", body, idempotency_key=idempotency_key)
        return shaped(Message, answer)


class Queue:
    """What waits in a session."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def get(self, session_id: str) -> Json:
        """`{"interactive": …, "bulk": …}` as in the API's description."""
        return await self._http.get(_queue(session_id))

    async def messages(
        self, session_id: str, lane: str = "interactive", *, limit: int = 50, cursor: str | None = None
    ) -> Json:
        return await self._http.get(f"{_queue(session_id)}/messages", lane=lane, limit=limit, cursor=cursor)

    async def pause(self, session_id: str, lane: str | None = None) -> Json:
        return await self._http.post(f"{_queue(session_id)}/pause", {"lane": lane})

    async def resume(self, session_id: str, lane: str | None = None) -> Json:
        return await self._http.post(f"{_queue(session_id)}/resume", {"lane": lane})

    async def cancel(self, session_id: str, **filters: Any) -> int:
        """Cancel all that fits, however many they are; returns how many."""
        cancelled, more = 0, True
        while more:
            answer = await self._http.post(f"{_queue(session_id)}/cancel", filters)
            cancelled, more = cancelled + answer["cancelled"], answer["more"]
        return cancelled


def _run(run_id: str) -> str:
    return f"/v1/bulk/{quote(run_id, safe='')}"


def _pool(pool_id: str) -> str:
    return f"/v1/pools/{quote(pool_id, safe='')}"


def _queue(session_id: str) -> str:
    return f"/v1/sessions/{quote(session_id, safe='')}/queue"
