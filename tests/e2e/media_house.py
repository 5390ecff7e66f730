"""A whole house that files go through: the three ways in, what people's phones have of them, and the way back."""

import base64
import contextlib
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from infra.local.builder import build
from tests.e2e.house import House
from tests.integration.file_server import FileServer, answer
from waypost.bootstrap import App, join
from waypost.domain.ids import whatsapp_hex
from waypost.domain.media import Note, Prepared
from waypost.services.drop_telling import tell
from waypost.settings import Settings

type Way = Literal["upload", "url", "drop"]
WAYS: tuple[Way, ...] = ("upload", "url", "drop")
PART_BYTES = 4 * 1024 * 1024
CAPTIONED = ("image", "gif", "video", "document")
# What a file has to be called by in WhatsApp.
WHATSAPP_TYPES = {
    "image": "image", "gif": "video", "video": "video", "audio": "audio", "voice": "ptt", "document": "document",
    "sticker": "sticker",
}  # fmt: skip
SETTINGS = {"WAYPOST_DROP_NOTE_SECONDS": "0"}


@dataclass
class MediaHouse:
    """Of one session. `people` are numbers of phones that exist in the simulator."""

    house: House
    session: str
    ours: str
    people: tuple[str, ...]
    server: FileServer = field(default_factory=FileServer)

    def __enter__(self) -> Self:
        with self.house.simulator() as simulator:
            for number in self.people:
                simulator.post("/control/accounts", json={"number": number}).raise_for_status()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.server.close()

    def begin_upload(self, data: bytes, **said: Any) -> httpx.Response:
        with self.house.api() as api:
            return api.post("/v1/media", json={"size": len(data), **_given(said)})

    def upload(self, data: bytes, **said: Any) -> str:
        """By parts, the last one first; the file's id."""
        media = str(self.begin_upload(data, **said).raise_for_status().json()["id"])
        self.put_parts(media, data)
        return media

    def put_parts(self, media: str, data: bytes) -> None:
        """Repeatable."""
        with self.house.api() as api:
            parts = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
            for number, part in reversed(list(enumerate(parts, 1))):
                kind = {"content-type": "application/octet-stream"}
                api.put(f"/v1/media/{media}/parts/{number}", content=part, headers=kind).raise_for_status()
            api.post(f"/v1/media/{media}/complete", json={}).raise_for_status()

    def serve(self, data: bytes, name: str = "file") -> str:
        """A URL that gives it."""
        path = f"/{uuid.uuid4().hex}/{name}"
        self.server.pages[path] = [answer(data, content_type="application/octet-stream")]
        return f"http://127.0.0.1:{self.server.port}{path}"

    def fetch(self, data: bytes, **said: Any) -> str:
        with self.house.api() as api:
            return str(
                api.post("/v1/media", json={"url": self.serve(data), **_given(said)}).raise_for_status().json()["id"]
            )

    def send(self, to: str, media: dict[str, str], *, key: str = "", **more: Any) -> httpx.Response:
        """`key` is that of a request that may be repeated."""
        with self.house.api() as api:
            headers = {"idempotency-key": key or uuid.uuid4().hex}
            body = {"to": to, "media": media, **_given(more)}
            return api.post(f"/v1/sessions/{self.session}/messages", json=body, headers=headers)

    def drop(self, to: str, name: str, data: bytes, **note: Any) -> str:
        """Put there as a careful program does it, whole in one moment; its key."""
        folder = self.house.home / "drop" / self.session / to
        folder.mkdir(parents=True, exist_ok=True)
        for ending, what in ((".json", json.dumps(_given(note)).encode() if _given(note) else b""), ("", data)):
            if what or not ending:
                draft = folder / f".{uuid.uuid4().hex}.tmp"
                draft.write_bytes(what)
                draft.replace(folder / f"{name}{ending}")
        return f"drop/{self.session}/{to}/{name}"

    def told_of(self, key: str) -> dict[str, str]:
        """What stands beside a dropped file: `waypost-status`, `waypost-message`; empty when nothing does."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, str] = json.loads((self.house.home / f"{key}.status.json").read_bytes())
            return found
        return {}

    def rejected(self, key: str) -> str | None:
        """The code that a dropped file was refused with."""
        place = self.house.home / "rejected" / key.partition("/")[2]
        with contextlib.suppress(OSError, ValueError):
            return str(json.loads(place.with_name(f"{place.name}.reason.json").read_bytes())["code"])
        return None

    @contextlib.contextmanager
    def engine(self) -> Iterator[App]:
        """The house's own table and queues, beside the house."""
        with build(self.house.home) as engine:
            yield join(Settings(home=self.house.home), engine)

    def tell_of(self, key: str, times: int = 1) -> None:
        """A notification of the drop as S3 may send it: again, late, early."""
        with self.engine() as app:
            for _ in range(times):
                tell(key, seals=app.seals, queues=app.engine.queues)

    def message(self, message_id: str) -> dict[str, Any]:
        with self.house.api() as api:
            url = f"/v1/sessions/{self.session}/messages/{message_id}"
            found: dict[str, Any] = api.get(url).raise_for_status().json()
            return found

    def prepared(self, media: str) -> Prepared:
        """What Waypost says of a file that is ready."""
        with self.house.api() as api:
            facts = api.get(f"/v1/media/{media}").raise_for_status().json()["prepared"]
        assert facts is not None, media
        known = {name: facts[name] for name in _SAME}
        notes = tuple(Note(**note) for note in facts["notes"])
        return Prepared(mime=facts["type"], extension="", waveform=None, notes=notes, **known)

    def thumbnail(self, media: str) -> bytes:
        with self.house.api() as api:
            return api.get(f"/v1/media/{media}/thumbnail").raise_for_status().content

    def content(self, media: str) -> bytes:
        """All of a file that came in, or that is ready, part by part."""
        with self.house.api() as api:
            found, whole = b"", 1
            while len(found) < whole:
                part = {"range": f"bytes={len(found)}-{len(found) + PART_BYTES - 1}"}
                got = api.get(f"/v1/media/{media}/content", headers=part)
                if got.status_code == 416:
                    return found
                got.raise_for_status()
                whole = int(got.headers.get("content-range", f"/{len(got.content)}").rpartition("/")[2])
                found += got.content
            return found

    def arrived(self) -> list[dict[str, Any]]:
        """Every message that people have of us, each with `number`, whose phone has it."""
        with self.house.simulator() as simulator:
            return [
                {**message, "number": number}
                for number in self.people
                for message in simulator.get(f"/control/accounts/{number}/messages", params={"with": self.ours}).json()
                if not message["from_me"]
            ]

    def arrived_by_id(self) -> dict[str, dict[str, Any]]:
        return {message["id"]: message for message in self.arrived()}

    def bytes_of(self, arrived: dict[str, Any], *, small: bool = False) -> bytes:
        """As the phone has them."""
        with self.house.simulator() as simulator:
            path = arrived["media"]["path"] + ("?thumbnail=1" if small else "")
            return simulator.get(path).raise_for_status().content

    def from_person(self, number: str, kind: str, data: bytes, **more: Any) -> str:
        """Somebody sends us a file; its id in WhatsApp."""
        body = {"to": self.ours, "type": kind, "data": base64.b64encode(data).decode(), **_given(more)}
        with self.house.simulator() as simulator:
            sent = simulator.post(f"/control/accounts/{number}/messages", json=body)
            assert sent.status_code == 201, sent.text
            return str(sent.json()["id"])

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with self.house.api() as api:
            while True:
                after = found[-1]["sequence"] if found else 0
                ask = {"session_id": self.session, "after": after, "limit": 500}
                page = api.get("/v1/events", params=ask).raise_for_status().json()["events"]
                if not page:
                    return found
                found.extend(page)

    def ends(self) -> dict[str, str]:
        """Of every message whose end is told: `sent`, or the code that it failed with."""
        ends: dict[str, str] = {}
        for event in self.events():
            data = event["data"]
            if event["type"] == "message_sent":
                ends[data["message_id"]] = "sent"
            elif event["type"] == "message_status_update" and data["status"] == "failed":
                ends[data["message_id"]] = str(data["reason"])
        return ends

    def came(self) -> dict[str, dict[str, Any]]:
        """What came in with a file, by its id in WhatsApp: `message`, `kind`, `text`, and what was said of the file
        last; `times` counts how often it was told to have come, `ends` how often its file was settled."""
        found: dict[str, dict[str, Any]] = {}
        by_message: dict[str, dict[str, Any]] = {}
        for event in self.events():
            data = event["data"]
            if event["type"] == "message_received" and data.get("media"):
                one = found.setdefault(data["whatsapp_id"], {"times": 0, "ends": 0})
                one |= {"message": data["message_id"], "kind": data["type"], "text": data["text"]}
                one |= {"media": data["media"], "times": one["times"] + 1}
                one["ends"] += data["media"]["state"] != "pending"
                by_message[data["message_id"]] = one
            elif data.get("change") == "media" and data["message_id"] in by_message:
                one = by_message[data["message_id"]]
                one["media"] = data["media"]
                one["ends"] += data["media"]["state"] != "pending"
        return found


_SAME = ("kind", "size", "sha256", "untouched", "width", "height", "duration_ms", "pages", "has_thumbnail")


def _given(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value}


def hex_of(message_id: str) -> str:
    """The id that its message has in WhatsApp."""
    return whatsapp_hex(message_id)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
