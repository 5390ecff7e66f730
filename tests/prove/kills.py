"""Many kills in the middle of sending: of everything, or of one part, by a seed."""

import contextlib
import json
import os
import random
import signal
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.house import House, link, poll, processes_of, status_of

OURS = "4915112346000"
THEIRS = tuple(f"49151123461{number:02d}" for number in range(4))
VICTIMS = ("everything", "worker", "gateway", "simulator", "browser", "launcher")


@dataclass
class Counts:
    """What a run counted. All but the first two, and `recovery_seconds`, must be 0."""

    messages: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0
    damaged: int = 0
    gaps_in_log: int = 0
    told_twice_or_never: int = 0
    second_scans: int = 0
    two_browsers: int = 0
    recovery_seconds: list[float] = field(default_factory=list)

    @property
    def broken(self) -> int:
        return (
            self.lost + self.twice + self.out_of_order + self.damaged + self.gaps_in_log + self.told_twice_or_never
            + self.second_scans + self.two_browsers
        )  # fmt: skip


def run(home: Path, *, seed: int, rounds: int, per_round: int) -> Counts:
    """Send `per_round` messages in each round over four chats, kill something in the middle, go on when it works."""
    chance, counts = random.Random(seed), Counts()
    house = House(home)
    house.start()
    try:
        session = link(house, OURS)
        with house.simulator() as simulator:
            for number in THEIRS:
                simulator.post("/control/accounts", json={"number": number}).raise_for_status()
            simulator.patch("/control/settings", json={"server_latency_ms": 40}).raise_for_status()
        sent: list[tuple[str, str, str]] = []  # (chat, text, message id)
        for turn in range(rounds):
            wanted = [(chance.choice(THEIRS), f"round {turn} message {count}") for count in range(per_round)]
            for chat, text in wanted[: per_round // 2]:
                sent.append((chat, text, _send(house, session, chat, text)))
            time.sleep(chance.uniform(0, 0.5))
            victim = chance.choice(VICTIMS)
            counts.kills[victim] = counts.kills.get(victim, 0) + 1
            began = time.monotonic()
            _kill(house, victim)
            for chat, text in wanted[per_round // 2 :]:
                sent.append((chat, text, _send(house, session, chat, text)))
            poll(lambda: len(_filed(house)) >= len(sent), 120, f"all has arrived after the kill of {victim}")
            counts.recovery_seconds.append(round(time.monotonic() - began, 1))
        with house.api() as api:
            poll(lambda: status_of(api, session) == "working", 60, "the session works at the end")
        counts.messages = len(sent)
        _count(house, session, sent, counts)
    finally:
        house.stop()
    return counts


def _send(house: House, session: str, chat: str, text: str) -> str:
    """As a client does: the same Idempotency-Key until there is an answer. Every third is a file that it captions."""
    body: dict[str, Any] = {"to": chat, "text": text}
    if zlib.crc32(text.encode()) % 3 == 0:
        body["media"] = {"id": _upload(house, text)}

    def answer() -> str | None:
        with contextlib.suppress(httpx.HTTPError), house.api() as api:
            got = api.post(f"/v1/sessions/{session}/messages", json=body, headers={"Idempotency-Key": text})
            return str(got.json()["id"]) if got.status_code == 202 else None
        return None

    return poll(answer, 90, "a message is accepted")


def _upload(house: House, text: str) -> str:
    """A file of one part that holds the text a thousand times; every step until it is done."""
    data = f"{text}\n".encode() * 1000

    def done() -> str | None:
        with contextlib.suppress(httpx.HTTPError, KeyError), house.api() as api:
            body = {"size": len(data), "name": "story.txt"}
            media = str(api.post("/v1/media", json=body, headers={"Idempotency-Key": f"file of {text}"}).json()["id"])
            kind = {"content-type": "application/octet-stream"}
            put = api.put(f"/v1/media/{media}/parts/1", content=data, headers=kind)
            if put.status_code == 409 or put.is_success:  # it was complete already
                return media if api.post(f"/v1/media/{media}/complete").is_success else None
        return None

    return poll(done, 90, "a file is uploaded")


def _kill(house: House, victim: str) -> None:
    if victim == "everything":
        house.kill_everything()
        house.start()
        return
    words = {"worker": "containers.worker.main", "gateway": "infra.local.serve", "simulator": "containers.simulator",
             "launcher": "containers.worker.launcher", "browser": "--remote-debugging-pipe"}[victim]  # fmt: skip
    for pid in processes_of(house.home):
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in line and "--type=" not in line:
                os.kill(pid, signal.SIGKILL)


def _filed(house: House) -> list[dict[str, Any]]:
    with contextlib.suppress(httpx.HTTPError), house.simulator() as simulator:
        return [
            {"chat": number, **message}
            for number in THEIRS
            for message in simulator.get(f"/control/accounts/{number}/messages", params={"with": OURS}).json()
        ]
    return []


def _count(house: House, session: str, sent: list[tuple[str, str, str]], counts: Counts) -> None:
    filed = _filed(house)
    for number in THEIRS:
        arrived = [message["text"] for message in filed if message["chat"] == number]
        wanted = [text for chat, text, _ in sent if chat == number]
        counts.lost += len(set(wanted) - set(arrived))
        counts.twice += len(arrived) - len(set(arrived))
        counts.damaged += sum(_is_damaged(house, message) for message in filed if message["chat"] == number)
        counts.out_of_order += sum(a != b for a, b in zip(dict.fromkeys(arrived), wanted, strict=False))
    events = _events(house, session)
    numbers = [event["sequence"] for event in events]
    counts.gaps_in_log = sum(number != place for place, number in enumerate(numbers, 1))
    told = [event["data"]["message_id"] for event in events if event["type"] == "message_sent"]
    counts.told_twice_or_never = abs(len(told) - len(set(told))) + len({one[2] for one in sent} ^ set(told))
    with house.simulator() as simulator:
        totals = simulator.get("/control/counts").json()
    counts.second_scans = totals["scans"] - 1
    counts.two_browsers = totals["two_browsers"] if isinstance(totals["two_browsers"], int) else 0


def _is_damaged(house: House, message: dict[str, Any]) -> bool:
    """A file that is not what was uploaded."""
    if "media" not in message:
        return False
    with house.simulator() as simulator:
        got = simulator.get(message["media"]["path"])
    return not got.is_success or got.content != f"{message['text']}\n".encode() * 1000


def _events(house: House, session: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    with house.api() as api:
        while True:
            after = events[-1]["sequence"] if events else 0
            page = api.get("/v1/events", params={"session_id": session, "after": after, "limit": 500}).json()
            if not page["events"]:
                return events
            events.extend(page["events"])


def as_text(counts: Counts, seed: int) -> str:
    return json.dumps({"seed": seed, **counts.__dict__}, indent=2)
