"""What the tests of events out share: the embedded engine by the blueprint, a clock that only tests move, a fake
push endpoint, and queues that are drained through the handlers with SQS events."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.local.builder import build
from infra.local.sqs_events import failed_ids, sqs_event, to_keep
from infra.local.websocket_events import Handshake, connect_event, disconnect_event, message_event
from waypost.bootstrap import App, join
from waypost.domain.event import Draft, EventType
from waypost.domain.ids import make_id
from waypost.engines.embedded.clock import Clock
from waypost.engines.embedded.engine import EmbeddedEngine, open_engine
from waypost.entities.head import get_head
from waypost.entities.session import Session
from waypost.errors import NotFound, WaypostError
from waypost.ports import Received
from waypost.services.journal import Entry, append, batches
from waypost.services.nudges import nudge_consumers
from waypost.services.sessions import create_session
from waypost.settings import Settings

FIFO = {"realtime": True, "webhooks": False, "claims": False}

type Handler = Callable[[dict[str, Any], object], Any]


def new_tenant() -> str:
    return make_id("ten", os.urandom(16))


def new_contact() -> str:
    return make_id("con", os.urandom(16))


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.ms = time.time_ns() // 1_000_000

    def now(self) -> int:
        return self.ms

    def pass_time(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@dataclass(frozen=True, slots=True)
class HouseApp(App):
    clock: HandClock

    def now_ms(self) -> int:
        return self.clock.now()


class FakePush:
    """Connections that keep what they were given. `faults` raises for a connection, once for each error in its list."""

    def __init__(self) -> None:
        self.frames: dict[str, list[dict[str, Any]]] = {}
        self.sizes: list[int] = []
        self.faults: dict[str, list[WaypostError]] = {}
        self.closed: list[str] = []
        self.on_post: Callable[[str, dict[str, Any]], None] = lambda connection, frame: None
        self._lock = threading.Lock()

    def open(self, connection: str) -> None:
        self.frames[connection] = []

    def post(self, connection_id: str, data: bytes) -> None:
        frame = json.loads(data)
        self.on_post(connection_id, frame)
        with self._lock:
            if connection_id not in self.frames:
                raise NotFound("gone")
            if self.faults.get(connection_id):
                raise self.faults[connection_id].pop(0)
            self.sizes.append(len(data))
            self.frames[connection_id].append(frame)

    def close(self, connection_id: str) -> None:
        self.closed.append(connection_id)

    def events(self, connection: str) -> list[int]:
        """Numbers of the events that a connection was given."""
        return [frame["sequence"] for frame in self.frames[connection] if "specversion" in frame]


@dataclass(slots=True)
class House:
    engine: EmbeddedEngine
    app: HouseApp
    push: FakePush
    clock: HandClock
    handlers: dict[str, Handler] = field(default_factory=dict)

    def session(self, tenant: str) -> str:
        session = Session(make_id("ses", os.urandom(16)), tenant, "test", self.clock.now())
        create_session(session, table=self.app.table, queues=self.engine.queues)
        return session.id

    def append(
        self,
        session: str,
        count: int = 1,
        *,
        nudge: bool = True,
        contact: str | None = None,
        type: EventType = "message_received",
        data: dict[str, Any] | None = None,
    ) -> int:
        """Append events and return the number of the newest."""
        head = get_head(self.app.table, session)
        assert head is not None
        draft = Draft(type, self.clock.now(), data or {"text": "hello"}, contact=contact)
        entries = [Entry((draft,)) for _ in range(count)]
        for piece in batches(entries):
            head = append(piece, head=head, table=self.app.table, seals=self.app.seals, epoch=None).head
        if nudge:
            nudge_consumers(session, head.number, queues=self.engine.queues)
        return head.number

    def drain(self, name: str, *, rounds: int = 10_000, visibility_seconds: int | None = None) -> int:
        """Hand the queue's messages to its handler until none is visible; returns how many batches there were."""
        queue = self.engine.queues.queue(name)
        limit = 10 if FIFO[name] else 1
        for done in range(rounds):
            batch = queue.receive(limit=limit, visibility_seconds=visibility_seconds)
            if not batch:
                return done
            self.handle(name, batch)
        return rounds

    def handle(self, name: str, batch: list[Received]) -> None:
        queue = self.engine.queues.queue(name)
        answer = self.handlers[name](sqs_event(name, batch, fifo=FIFO[name]), None)
        kept = to_keep(batch, failed_ids(answer), fifo=FIFO[name])
        for message in batch:
            if message not in kept:
                queue.delete(message.receipt)


@dataclass(frozen=True, slots=True)
class Client:
    """A WebSocket client as the gateway shows it to the `connections` handler."""

    house: House
    handler: Handler
    tenant: str
    handshake: Handshake
    key: str | None = None

    @property
    def id(self) -> str:
        return self.handshake.connection_id

    @classmethod
    def connect(cls, house: House, handler: Handler, tenant: str, key: str | None = None) -> "Client":
        handshake = Handshake(query=[], headers=[], source_ip="127.0.0.1", host="localhost")
        client = cls(house, handler, tenant, handshake, key)
        assert handler(connect_event(handshake, client._authorizer), None)["statusCode"] == 200
        house.push.open(client.id)
        return client

    def say(self, message: dict[str, Any] | str) -> dict[str, Any] | None:
        """Send a message; what the gateway would send back at once."""
        body = message if isinstance(message, str) else json.dumps(message)
        answer = self.handler(message_event(self.handshake, self._authorizer, body), None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"]) if answer.get("body") else None

    def subscribe(self, session: str, **more: Any) -> dict[str, Any] | None:
        return self.say({"action": "subscribe", "session_id": session, **more})

    def disconnect(self) -> None:
        self.handler(disconnect_event(self.handshake, self._authorizer, 1001, "Going away"), None)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return self.house.push.frames[self.id]

    @property
    def numbers(self) -> list[int]:
        return self.house.push.events(self.id)

    @property
    def _authorizer(self) -> dict[str, str]:
        return {"tenant": self.tenant, **({"keyId": self.key} if self.key else {})}


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    home = folder / "home"
    build(home).close()
    clock = HandClock()
    with open_engine(home, clock=Clock(clock.now, clock.now)) as engine:
        push = FakePush()
        parts = join(Settings(home=home, allow_private_targets=True), replace(engine, push=push))
        app = HouseApp(parts.settings, parts.engine, parts.seals, parts.contacts, parts.backlog, clock)
        yield House(engine, app, push, clock)
