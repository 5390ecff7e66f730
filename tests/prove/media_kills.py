"""Kills in every stage of a file's way, by a seed: each file goes out once and comes in once, with its own bytes.

Who dies is whoever has the file at that moment: the gateway with its consumers, the worker, the browser, everything.
"""

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.corpus import pictures, recordings
from tests.e2e.house import House, link, poll, processes_of
from tests.e2e.media_house import SETTINGS, MediaHouse, hex_of, sha256
from tests.integration.file_server import FileServer, answer
from waypost.entities.media import get_media
from waypost.entities.message import get_message

OURS = "4915112347300"
THEIRS = ("4915112347301", "4915112347302", "4915112347303")
RECOVERY_SECONDS = 150.0
_WORDS = {
    "gateway": "tests.prove.hasty_gateway",
    "worker": "containers.worker.main",
    "browser": "--remote-debugging-pipe",
}
LARGE = 9 * 1024 * 1024  # three parts


@dataclass
class Counts:
    """What a run did, and what was not as it should be: that list is to be empty."""

    seed: int
    seconds: float = 0
    kills: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    received: int = 0
    copies_that_the_network_dropped: int = 0
    longest_recovery_seconds: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Kills:
    """One run in a house that stands. `sent` and `came` are hashes by the id in WhatsApp (None: prepared anew)."""

    files: MediaHouse
    slow: FileServer
    chance: random.Random
    counts: Counts
    sent: dict[str, str | None] = field(default_factory=dict)
    came: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)

    # What has a file when.

    def uploading_parts(self) -> None:
        data = self._text(LARGE)
        media = self._insist(lambda: self.files.begin_upload(data).raise_for_status().json()["id"])
        self._kill_in(self.chance.uniform(0, 0.2), "gateway")
        self._insist(lambda: self.files.put_parts(media, data))
        self._send(media, sha256(data))

    def fetching(self) -> None:
        data, path = self._text(1500), f"/{self.chance.randbytes(8).hex()}"
        self.slow.pages[path] = [answer(data)]
        url = f"http://127.0.0.1:{self.slow.port}{path}"
        self._insist(lambda: self._sent_by_url(url, data))
        poll(lambda: any(path in asked for asked in self.slow.asked), 60, "it is fetched")
        self._kill_in(self.chance.uniform(0, 2), "gateway").join()

    def preparing(self) -> None:
        self._send(self._uploaded(recordings.odd_video()), None)
        self._kill_in(self.chance.uniform(0, 1.5), "gateway").join()

    def between_ready_and_wake(self) -> None:
        data = self._picture()
        media = self._uploaded(data)
        self._send(media, sha256(data))
        with self.files.engine() as app:
            poll(lambda: _is_ready(get_media(app.table, media)), 60, "it is ready", every=0.001)
        _kill(self.files.house, "gateway")

    def page_uploads(self) -> None:
        with self.files.house.simulator() as simulator:
            slow = {"uploads": {"delay_ms": 1500, "times": 1}}
            simulator.patch(f"/control/accounts/{OURS}", json=slow).raise_for_status()
        message = self._send_picture()
        self._wait_for_status(message, "sending")
        self._kill_in(self.chance.uniform(0.1, 1.4), self.chance.choice(("worker", "browser"))).join()

    def before_the_ack(self) -> None:
        """Its file is on WhatsApp's server, the message on its way there or back."""
        with self.files.house.simulator() as simulator:
            simulator.patch("/control/settings", json={"server_latency_ms": 700}).raise_for_status()
            before = _uploads(simulator)
            self._send_picture()
            poll(lambda: _uploads(simulator) > before, 60, "the page has uploaded it", every=0.01)
            self._kill_in(self.chance.uniform(0, 0.9), self.chance.choice(("worker", "browser"))).join()
            simulator.patch("/control/settings", json={"server_latency_ms": 0}).raise_for_status()

    def downloading(self) -> None:
        data = self._text(400_000)
        self._come(data, trouble={"bytes_per_s": 250_000})
        self._kill_in(self.chance.uniform(0.2, 2), self.chance.choice(("worker", "browser"))).join()

    def between_spool_and_cloud(self) -> None:
        spool = self.files.house.home / "spool"
        self._come(self._text(LARGE))
        poll(lambda: any(spool.glob("*/*/facts")), 60, "it is in the spool", every=0.001)
        _kill(self.files.house, "worker")

    def between_cloud_and_event(self) -> None:
        received = self.files.house.home / "blobs" / "media" / "received"
        before = set(received.glob("*"))
        self._come(self._text(LARGE))
        poll(lambda: set(received.glob("*")) - before, 60, "it comes to the cloud", every=0.001)
        self._kill_in(self.chance.uniform(0, 0.15), "worker").join()

    def drop_between_accepting_and_tagging(self) -> None:
        source = self.files.house.home / "blobs" / "media" / "source"
        before = set(source.glob("*"))
        self._drop()
        poll(lambda: set(source.glob("*")) - before, 60, "it is taken in", every=0.001)
        self._kill_in(self.chance.uniform(0, 0.06), "gateway").join()

    def drop_noticed(self) -> None:
        self._drop()
        self._kill_in(self.chance.uniform(0, 2.5), "gateway").join()

    def everything_at_once(self) -> None:
        self._drop()
        self._come(self._text(LARGE))
        self._send_picture()
        time.sleep(self.chance.uniform(0, 2))
        self.files.house.kill_everything()
        self.files.house.start()

    # How a round ends.

    def settle(self, stage: str) -> None:
        """Wait until all of it has gone and come."""
        began = time.monotonic()
        try:
            poll(self._all_is_there, RECOVERY_SECONDS, f"all is there after a kill while {stage}", every=0.3)
        except AssertionError as late:
            self.counts.wrong.append(str(late))
        taken = round(time.monotonic() - began, 1)
        longest = self.counts.longest_recovery_seconds
        longest[stage] = max(longest.get(stage, 0), taken)
        self.counts.kills[stage] = self.counts.kills.get(stage, 0) + 1

    def _all_is_there(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            self._learn_dropped()
            came = self.files.came()
            ready = {one for one, what in came.items() if what["media"]["state"] == "ready"}
            arrived = self.files.arrived_by_id().keys()
            return not self.dropped and self.sent.keys() <= arrived and self.came.keys() <= ready
        return False

    def _learn_dropped(self) -> None:
        for key, sha in list(self.dropped.items()):
            message = self.files.told_of(key).get("waypost-message")
            if message:
                self.sent[hex_of(message)] = sha
                del self.dropped[key]

    def count(self) -> None:
        files, counts = self.files, self.counts
        arrived, came = files.arrived(), files.came()
        counts.sent, counts.received = len(arrived), len(came)
        copies = Counter(message["id"] for message in arrived)
        counts.wrong += [f"arrived {count} times: {one}" for one, count in copies.items() if count > 1]
        counts.wrong += [f"nobody sent it: {one}" for one in copies.keys() - self.sent.keys()]
        counts.wrong += [f"lost on the way out: {one}" for one in self.sent.keys() - copies.keys()]
        counts.wrong += [f"lost on the way in: {one}" for one in self.came.keys() - came.keys()]
        counts.wrong += [f"dropped and never taken in: {key}" for key in self.dropped]
        for message in arrived:
            wanted = self.sent.get(message["id"])
            if wanted and sha256(files.bytes_of(message)) != wanted:
                counts.wrong.append(f"arrived with other bytes: {message['id']}")
        for one, what in came.items():
            if (what["times"], what["ends"]) != (1, 1):
                counts.wrong.append(f"came: told {what['times']} times, ended {what['ends']} times: {one}")
            elif sha256(files.content(what["media"]["id"])) != self.came[one]:
                counts.wrong.append(f"came with other bytes: {one}")
        told = Counter(one["data"]["message_id"] for one in files.events() if one["type"] == "message_sent")
        counts.wrong += [f"told {count} times that it was sent: {one}" for one, count in told.items() if count > 1]
        if len(told) != len(arrived):
            counts.wrong.append(f"{len(arrived)} arrived, {len(told)} were told of")
        spool = files.house.home / "spool"
        counts.wrong += [f"still in the spool: {path.name}" for path in spool.rglob("*") if path.is_file()]
        with files.house.simulator() as simulator:
            found = simulator.get("/control/counts").json()
        counts.copies_that_the_network_dropped = found["copies_dropped"]
        if found["scans"] != 1:
            counts.wrong.append(f"{found['scans']} scans")

    # How files are made, and go.

    def _text(self, size: int) -> bytes:
        line = f"{self.chance.randbytes(20).hex()} {{number}}\n"
        each = len(line.format(number=10**7))
        return "".join(line.format(number=10**7 + at) for at in range(-(-size // each))).encode()[:size]

    def _picture(self) -> bytes:
        return pictures.jpeg(200, 150, quality=self.chance.randrange(60, 95))

    def _uploaded(self, data: bytes) -> str:
        return self._insist(lambda: self.files.upload(data))

    def _send_picture(self) -> str:
        data = self._picture()
        return self._send(self._uploaded(data), sha256(data))

    def _send(self, media: str, sha: str | None) -> str:
        key, to = self.chance.randbytes(12).hex(), self.chance.choice(THEIRS)
        message = self._insist(lambda: str(self.files.send(to, {"id": media}, key=key).raise_for_status().json()["id"]))
        self.sent[hex_of(message)] = sha
        return message

    def _sent_by_url(self, url: str, data: bytes) -> None:
        key = sha256(url.encode())[:24]
        got = self.files.send(self.chance.choice(THEIRS), {"url": url}, key=key).raise_for_status()
        self.sent[hex_of(got.json()["id"])] = sha256(data)

    def _come(self, data: bytes, **more: Any) -> None:
        number = self.chance.choice(THEIRS)
        self.came[self.files.from_person(number, "document", data, mime="text/plain", **more)] = sha256(data)

    def _drop(self) -> None:
        data = self._text(LARGE)
        name = f"{self.chance.randbytes(6).hex()}.txt"
        self.dropped[self.files.drop(self.chance.choice(THEIRS), name, data)] = sha256(data)

    def _wait_for_status(self, message: str, status: str) -> None:
        def look() -> bool:
            found = get_message(app.table, message)
            return found is not None and found.status == status

        with self.files.engine() as app:
            poll(look, 60, f"it is {status}", every=0.002)

    def _kill_in(self, seconds: float, victim: str) -> threading.Timer:
        timer = threading.Timer(seconds, _kill, (self.files.house, victim))
        timer.start()
        return timer

    def _insist[T](self, ask: Callable[[], T]) -> T:
        """As a client does: again, until there is an answer."""

        def answered() -> tuple[T] | None:
            with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
                return (ask(),)
            return None

        return poll(answered, 90, "there is an answer", every=0.2)[0]


STAGES: tuple[Callable[[Kills], None], ...] = (
    Kills.uploading_parts, Kills.fetching, Kills.preparing, Kills.between_ready_and_wake, Kills.page_uploads,
    Kills.before_the_ack, Kills.downloading, Kills.between_spool_and_cloud, Kills.between_cloud_and_event,
    Kills.drop_between_accepting_and_tagging, Kills.drop_noticed, Kills.everything_at_once,
)  # fmt: skip


def run(home: Path, *, seed: int, rounds: int) -> Counts:
    """Every stage `rounds` times, in any order."""
    counts, began, chance = Counts(seed), time.monotonic(), random.Random(seed)
    house, slow = House(home, environment=SETTINGS, command="tests.prove.hasty_up"), FileServer(drip_seconds=0.002)
    house.start()
    try:
        with MediaHouse(house, link(house, OURS), OURS, THEIRS) as files:
            run = Kills(files, slow, chance, counts)
            for stage in chance.sample(STAGES * rounds, len(STAGES) * rounds):
                stage(run)
                run.settle(stage.__name__)
            time.sleep(5)  # for what might come a second time
            poll(lambda: not any(path.is_file() for path in (home / "spool").rglob("*")), 30, "the spool is empty")
            run.count()
    finally:
        slow.close()
        house.stop()
    counts.seconds = round(time.monotonic() - began, 1)
    return counts


def as_text(counts: Counts) -> str:
    return json.dumps(asdict(counts), indent=2, ensure_ascii=False)


def _is_ready(media: Any) -> bool:
    return media is not None and media.state == "ready"


def _uploads(simulator: httpx.Client) -> int:
    trace = simulator.get("/control/trace").json()
    return sum(line["event"] == "uploaded" for line in trace)


def _kill(house: House, victim: str) -> None:
    for pid in processes_of(house.home):
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if _WORDS[victim] in line and "--type=" not in line:
                os.kill(pid, signal.SIGKILL)
