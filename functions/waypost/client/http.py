"""Asking the API: retried until it is sure, never done twice (P2).

What may be mended by waiting is tried again with back-off: no answer, 429, 5xx, and 409 `request_in_progress`. Every
POST has an Idempotency-Key, the same at each try.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from waypost.client.backoff import back_off
from waypost.client.errors import Refused, Unreachable

RETRY_SECONDS = 60.0
_FIRST_SECONDS, _LONGEST_SECONDS = 0.2, 10.0

type Json = dict[str, Any]


class Http:
    """One client of httpx, with the retries."""

    def __init__(self, http: httpx.AsyncClient, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self._http = http
        self._retry_seconds = retry_seconds

    async def get(self, path: str, **query: Any) -> Json:
        return await self.ask("GET", path, query={name: value for name, value in query.items() if value is not None})

    async def post(self, path: str, body: Json | None = None, *, idempotency_key: str | None = None) -> Json:
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        return await self.ask("POST", path, body=body, headers=headers)

    async def patch(self, path: str, body: Json) -> Json:
        return await self.ask("PATCH", path, body=body)

    async def delete(self, path: str) -> None:
        await self.ask("DELETE", path)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        content: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """Raises Refused, and Unreachable when nobody answered for `retry_seconds`."""
        answer = await self._asked(method, path, body=body, content=content, query=query, headers=headers)
        found: Json = answer.json() if answer is not None and answer.content else {}
        return found

    async def read(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer as it is: of bytes. Raises as `ask` does."""
        answer = await self._asked("GET", path, headers=headers)
        assert answer is not None
        return answer

    async def _asked(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        content: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """None: what was to be deleted is gone."""
        if content is not None:
            headers = {"content-type": "application/octet-stream", **(headers or {})}
        request = self._http.build_request(method, path, json=body, content=content, params=query, headers=headers)
        ends, tries = time.monotonic() + self._retry_seconds, 0
        for wait in back_off(_FIRST_SECONDS, _LONGEST_SECONDS):
            outcome, tries = await self._once(request), tries + 1
            answer = outcome if isinstance(outcome, httpx.Response) else None
            if answer is not None and not _may_mend(answer):
                break
            wait = max(wait, _retry_after(answer))
            if time.monotonic() + wait > ends:
                break
            await asyncio.sleep(wait)
        if isinstance(outcome, httpx.TransportError):
            raise Unreachable(f"{method} {path}: {type(outcome).__name__}, {tries} times") from outcome
        if method == "DELETE" and outcome.status_code == httpx.codes.NOT_FOUND and tries > 1:
            return None  # an earlier try had done it
        return _taken(outcome)

    async def _once(self, request: httpx.Request) -> httpx.Response | httpx.TransportError:
        try:
            return await self._http.send(request)
        except httpx.TransportError as error:
            return error


def _may_mend(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.CONFLICT:
        return _problem(answer).get("code") == "request_in_progress"
    return answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS


def _retry_after(answer: httpx.Response | None) -> float:
    said = "" if answer is None else answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else 0.0


def _taken(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise Refused(answer.status_code, _problem(answer))
    return answer


def _problem(answer: httpx.Response) -> Json:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.reason_phrase}
