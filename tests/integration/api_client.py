"""The API's handler, called with the REST events that the gateway makes, on an embedded engine of its own."""

import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.local.builder import build
from infra.local.rest_events import Incoming, authorizer_event, proxy_event, to_http
from waypost import bootstrap, observability
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.entities.session import QrCode, qr_write, status_write

ADA = "4915112345601"
GRACE = "4915112345602"


type Named = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Named
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.json()["code"])


@dataclass(slots=True)
class ApiClient:
    """One tenant's client."""

    tenant: str = field(default_factory=lambda: make_id("ten", os.urandom(16)))

    def get(self, path: str, *, query: Named | None = None, headers: Named | None = None) -> Answer:
        return self.call("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return self.call("POST", path, body=body, headers={"idempotency-key": key} if key is not None else None)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Named | None = None,
        headers: Named | None = None,
        request_id: str = "request-1",
    ) -> Answer:
        """`body` is sent as JSON; bytes are sent as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        named = {"content-type": "application/json"} if raw else {}
        named |= {name.lower(): value for name, value in (headers or {}).items()}
        incoming = Incoming(
            method, path, tuple((query or {}).items()), tuple(named.items()), raw, "127.0.0.1", request_id
        )
        return invoke(proxy_event(incoming, {"tenant": self.tenant, "keyId": "key_test"}))

    def session(self, *, linked: bool = True) -> str:
        """A session's id. A linked one runs, as the worker would leave it."""
        session_id = str(self.post("/v1/sessions", {"name": "Support"}).json()["id"])
        if linked:
            set_status(session_id, "working", me=self._me(session_id))
        return session_id

    def send(self, session: str, to: str = f"+{GRACE}", text: str | None = "hello", **more: Any) -> Answer:
        key = more.pop("key", None)
        return self.post(f"/v1/sessions/{session}/messages", {"to": to, "text": text, **more}, key=key)

    def _me(self, session: str) -> bytes:
        me = {"id": f"{ADA}@c.us", "pn": f"{ADA}@c.us", "lid": "123456789012345@lid", "name": "Ada"}
        return bootstrap.app().seals.seal_json(self.tenant, session, "me", me)


def invoke(event: dict[str, Any]) -> Answer:
    from api.handler import handler

    answer = to_http(json.loads(json.dumps(handler(event, None))))
    return Answer(answer.status, {name.lower(): value for name, value in answer.headers}, answer.body)


def set_status(session: str, status: str, **more: Any) -> None:
    app = bootstrap.app()
    app.table.update(status_write(session, status=status, reason=None, since_ms=app.now_ms(), **more))


def show_code(client: ApiClient, session: str, text: str, *, sequence: int = 1, seconds: float = 60) -> None:
    """What the worker does when the page shows a code."""
    app = bootstrap.app()
    set_status(session, "scan_qr")
    sealed = app.seals.seal(client.tenant, session, "qr", text.encode())
    app.table.transact([qr_write(session, QrCode(sequence, sealed, app.now_ms() + round(seconds * 1000)))])


def authorize(path: str, headers: Named, *, method: str = "GET") -> dict[str, Any]:
    from authorizer.handler import handler

    incoming = Incoming(
        method, path, (), tuple((name.lower(), value) for name, value in headers.items()), b"", "127.0.0.1"
    )
    return handler(authorizer_event(incoming), None)


@contextmanager
def house(home: Path) -> Iterator[App]:
    """Everything built in `home`, and `bootstrap.app()` standing on it."""
    build(home).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAYPOST_HOME", str(home))
        patch.setenv("WAYPOST_ALLOW_PRIVATE_TARGETS", "1")
        bootstrap.forget_app()
        app = bootstrap.app()
        try:
            yield app
        finally:
            bootstrap.forget_app()
            app.engine.close()  # type: ignore[attr-defined]  # the embedded engine holds files and threads


@pytest.fixture(name="logged")
def logged_fixture() -> Iterator[io.StringIO]:
    """The lines that the API logs. Its own handler keeps the output stream of the first test, so it gets a second."""
    api_log = observability.logger("api")
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(api_log.registered_formatter)
    logging.getLogger("api").addHandler(handler)
    yield lines
    logging.getLogger("api").removeHandler(handler)


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[App]:
    with house(tmp_path / "home") as app:
        yield app


@pytest.fixture(name="client")
def client_fixture(app: App) -> ApiClient:
    return ApiClient()
