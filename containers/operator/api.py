"""What `waypost link` asks of the API, about one session."""

import base64
import os
import time
from typing import Any

import httpx

from waypost.errors import WaypostError

_TRIES = 5


class Refused(WaypostError):
    """The API said no; message and mend are its own."""


class Api:
    def __init__(self, http: httpx.Client, session: str) -> None:
        self._http = http
        self._path = f"/v1/sessions/{session}"

    def session(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("GET", "")
        return found

    def stop(self) -> None:
        self._ask("POST", "/stop")

    def begin(self) -> dict[str, Any]:
        """Once the worker has let the session go. Raises Refused."""
        deadline = time.monotonic() + 60
        while True:
            try:
                begun: dict[str, Any] = self._ask("POST", "/handover")
            except Refused as refusal:
                if refusal.code != "session_running" or time.monotonic() > deadline:
                    raise
            else:
                return begun
            time.sleep(0.5)

    def send(self, epoch: int, number: int, data: bytes) -> None:
        body = {"epoch": epoch, "number": number, "data": base64.b64encode(data).decode()}
        self._ask("PUT", "/handover", body)

    def complete(self, epoch: int, parts: int) -> None:
        self._ask("POST", "/handover/complete", {"epoch": epoch, "parts": parts}, key=f"handover-{epoch}-{os.getpid()}")

    def abandon(self) -> None:
        self._ask("DELETE", "/handover")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Tried again where that is safe and may help. Raises Refused, httpx.HTTPError."""
        headers = {"idempotency-key": key} if key else {}
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                answer = self._http.request(method, self._path + path, json=body, headers=headers)
            except httpx.TransportError:
                if last or (method == "POST" and key is None):
                    raise
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                if answer.status_code < 500 or last:
                    raise _refused(answer)
            time.sleep(0.5 * 2**attempt)
        raise AssertionError("the last try returns or raises")


def _refused(answer: httpx.Response) -> Refused:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    return Refused(
        str(said.get("detail", f"Waypost answered {answer.status_code}.")),
        mend=said.get("mend"),
        code=str(said.get("code", "refused")),
    )
