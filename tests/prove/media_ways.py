"""The whole corpus through a whole house: every file by upload, by URL and by the drop, and back from people's phones.

Honest files arrive once, as what they should be; hostile ones are refused with their own codes and arrive nowhere.
Slow files go one way only. A drop is told of early, twice and late.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.corpus.arrivals import check_arrival
from tests.corpus.files import HONEST, HOSTILE, Honest, Hostile, made
from tests.e2e.house import House, link, poll
from tests.e2e.media_house import CAPTIONED, SETTINGS, WAYS, MediaHouse, Way, hex_of, sha256
from waypost.errors import NotFound

OURS = "4915112347200"
THEIRS = tuple(f"49151123472{at:02d}" for at in range(1, 13))
WAIT_SECONDS = 600.0


@dataclass
class Counts:
    """What a run did, and what was not as it should be: that list is to be empty."""

    seed: int
    seconds: float = 0
    sent: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    tells_place: int = 0
    drawn_anew_by_the_page: int = 0
    came_back: int = 0
    notifications_of_drops: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Sending:
    """`message` is known at once, or, of the drop, once it was taken in."""

    file: Honest
    way: Way
    to: str
    caption: str
    key: str = ""
    message: str = ""

    def __str__(self) -> str:
        return f"{self.file.name} by {self.way}"


@dataclass
class Run:
    """One run in a house that stands."""

    files: MediaHouse
    folder: Path
    chance: random.Random
    counts: Counts
    sent: list[Sending] = field(default_factory=list)

    def all(self) -> None:
        self._refuse(self._send())
        self._look_at_phones()
        self._send_back()

    def _send(self) -> list[tuple[Hostile, Way]]:
        """Everything at once, in any order; what is hostile comes in between."""
        work: list[tuple[Honest | Hostile, Way]] = [(one, way) for one in (*HONEST, *HOSTILE) for way in _ways(one)]
        self.chance.shuffle(work)
        hostile = []
        for file, way in work:
            if isinstance(file, Hostile):
                hostile.append((file, way))
            else:
                self.sent.append(self._send_one(file, way))
        self.counts.sent = dict(Counter(one.way for one in self.sent))
        return hostile

    def _send_one(self, file: Honest, way: Way) -> Sending:
        caption = f"{file.name} by {way}" if file.kind in CAPTIONED else ""
        one = Sending(file, way, self.chance.choice(THEIRS), caption)
        data = made(file.make)
        if way == "drop":
            one.key = self._dropped(one.to, file.name, data, caption=caption, kind=file.asked)
            return one
        got = self.files.send(one.to, {"id": _bring(self.files, file, way)}, text=caption)
        if got.status_code == 202:
            one.message = str(got.json()["id"])
        else:
            self.counts.wrong.append(f"{one} was not accepted: {got.json()['code']}")
        return one

    def _dropped(self, to: str, name: str, data: bytes, **note: str | None) -> str:
        """Told of before it is there, and twice after."""
        key = f"drop/{self.files.session}/{to}/{name}"
        self.files.tell_of(key)
        assert self.files.drop(to, name, data, **note) == key
        self.files.tell_of(key, times=2)
        self.counts.notifications_of_drops += 3
        return key

    def _refuse(self, hostile: list[tuple[Hostile, Way]]) -> None:
        found: dict[tuple[str, Way], str] = {}
        waiting: dict[tuple[str, Way], Callable[[], str | None]] = {}
        for file, way in hostile:
            if way == "drop":
                key = self._dropped(self.chance.choice(THEIRS), file.name, made(file.make), kind=file.asked)
                waiting[file.name, way] = lambda key=key: self.files.rejected(key)  # type: ignore[misc]
                continue
            said = self._refused_at_once(file, way)
            if said.startswith("msg_"):
                waiting[file.name, way] = lambda said=said: self.files.ends().get(said)  # type: ignore[misc]
            else:
                found[file.name, way] = said
        for (name, way), look in waiting.items():
            found[name, way] = self._patiently(look, f"{name} by {way} is refused") or "not refused"
        for file, way in hostile:
            if found[file.name, way] != file.code:
                self.counts.wrong.append(f"{file.name} by {way}: {found[file.name, way]}, not {file.code}")
        self.counts.refused = dict(Counter(way for _, way in found))
        self.counts.codes = dict(sorted(Counter(found.values()).items()))

    def _refused_at_once(self, file: Hostile, way: Way) -> str:
        """The code, or the id of a message that is to fail with it."""
        data = made(file.make)
        if not data and way == "upload":  # nobody can begin to upload nothing
            return file.code if self.files.begin_upload(data).status_code == 422 else "taken"
        got = self.files.send(self.chance.choice(THEIRS), {"id": _bring(self.files, file, way)}, kind=file.asked)
        return str(got.json()["id"] if got.status_code == 202 else got.json()["code"])

    def _patiently[T](self, look: Callable[[], T | None], what: str) -> T | None:
        try:
            return poll(look, WAIT_SECONDS, what, every=0.5)
        except AssertionError as late:
            self.counts.wrong.append(str(late))
            return None

    def _look_at_phones(self) -> None:
        for one in self.sent:
            if one.key:
                told = self._patiently(lambda one=one: self._message_of(one), f"{one} is taken in")  # type: ignore[misc]
                one.message = told or ""
        wanted = {hex_of(one.message) for one in self.sent if one.message}
        self._patiently(lambda: wanted <= self.files.arrived_by_id().keys(), "all have arrived")
        for one in self.sent:
            if one.key:  # told of once more, when all is over
                self.files.tell_of(one.key)
        time.sleep(3)  # so that a second copy had the time to come
        self._count_arrivals(wanted)
        arrived = self.files.arrived_by_id()
        for one in self.sent:
            if one.message and hex_of(one.message) in arrived:
                with self._noting(one):
                    self._check(one, arrived[hex_of(one.message)])

    def _message_of(self, one: Sending) -> str | None:
        return self.files.told_of(one.key).get("waypost-message")

    def _count_arrivals(self, wanted: set[str]) -> None:
        """Ours once each, and nothing else. A second copy under the same id, the network drops by itself."""
        ids = Counter(message["id"] for message in self.files.arrived())
        self.counts.wrong += [f"{count} copies of one message" for count in ids.values() if count > 1]
        self.counts.wrong += [f"arrived, but nobody sent it: {one}" for one in ids.keys() - wanted]
        self.counts.wrong += [
            f"lost: {one}, {self.files.message(one.message)['status']}"
            for one in self.sent
            if one.message and hex_of(one.message) not in ids
        ]
        with self.files.house.simulator() as simulator:
            dropped = simulator.get("/control/counts").json()["copies_dropped"]
        if dropped:
            self.counts.wrong.append(f"{dropped} messages were handed over twice")

    def _noting(self, one: Sending) -> "_Noting":
        return _Noting(self.counts, str(one))

    def _check(self, one: Sending, has: dict[str, object]) -> None:
        files, file = self.files, one.file
        assert (has["number"], has["text"]) == (one.to, one.caption), "caption or person"
        media = files.message(one.message)["media"]["id"]
        prepared, data = files.prepared(media), files.bytes_of(has)
        small = files.thumbnail(media) if prepared.has_thumbnail else None
        folder = self.folder / one.message
        folder.mkdir()
        source = made(file.make)
        check_arrival(file, source, prepared, small, has, data, folder)
        if file.kind == "document" and one.way == "drop":
            assert has["media"]["filename"] == file.name, "file name"  # type: ignore[index]
        self.counts.tells_place += file.tells_place
        self.counts.drawn_anew_by_the_page += sha256(data) != prepared.sha256

    def _send_back(self) -> None:
        """What arrived by one way, each file in its own kind."""
        files, back = self.files, {}
        arrived = files.arrived_by_id()
        for one in self.sent:
            has = arrived.get(hex_of(one.message)) if one.message else None
            if one.way == "upload" and has is not None:
                data = files.bytes_of(has)
                more = {"mime": has["media"]["mime"], "filename": has["media"].get("filename"), "text": one.caption}
                back[files.from_person(one.to, one.file.kind, data, **more)] = (one, data)
        self._patiently(lambda: sum(bool(one["ends"]) for one in files.came().values()) >= len(back), "all came back")
        came = files.came()
        self.counts.came_back = len(came)
        for whatsapp_id, (one, data) in back.items():
            with _Noting(self.counts, f"{one}, sent back"):
                _check_back(files, one, data, came[whatsapp_id])


def _check_back(files: MediaHouse, one: Sending, data: bytes, came: dict[str, object]) -> None:
    media = came["media"]
    assert isinstance(media, dict)
    assert (came["kind"], came["text"]) == (one.file.kind, one.caption), (came["kind"], came["text"])
    assert (came["times"], came["ends"]) == (1, 1), "told once that it came, and once that it is here"
    assert media["state"] == "ready", media["code"]
    assert (media["size"], media["sha256"]) == (len(data), sha256(data)), "size, hash"
    assert files.content(str(media["id"])) == data, "bytes"


class _Noting:
    """What fails inside is noted, not raised."""

    def __init__(self, counts: Counts, what: str) -> None:
        self._counts, self._what = counts, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, AssertionError | KeyError | NotFound):
            said = str(error).strip() or "a check failed"
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            line = where.tb_lineno if where is not None else 0
            self._counts.wrong.append(f"{self._what}: {said.splitlines()[0]} (line {line})")
            return True
        return False


def _ways(file: Honest | Hostile) -> Iterator[Way]:
    for way in WAYS:
        # The drop is told no type, so nothing can be declared wrongly there; a slow file goes one way only.
        undeclared = way == "drop" and isinstance(file, Hostile) and file.code == "media_type_mismatch"
        if not undeclared and not (file.slow and way != "upload"):
            yield way


def _bring(files: MediaHouse, file: Honest | Hostile, way: Way) -> str:
    bring = files.upload if way == "upload" else files.fetch
    return bring(made(file.make), type=file.declared, kind=file.asked)


def run(home: Path, folder: Path, *, seed: int) -> Counts:
    """`home` is where the house gets its home, `folder` where files are put that are looked at."""
    counts, began = Counts(seed), time.monotonic()
    house = House(home, environment=SETTINGS)
    house.start()
    try:
        with MediaHouse(house, link(house, OURS), OURS, THEIRS) as files:
            Run(files, folder, random.Random(seed), counts).all()
    finally:
        house.stop()
    counts.seconds = round(time.monotonic() - began, 1)
    return counts


def as_text(counts: Counts) -> str:
    return json.dumps(asdict(counts), indent=2, ensure_ascii=False)
