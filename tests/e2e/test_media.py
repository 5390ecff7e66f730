"""Files of every kind go to people by upload, by URL and by the drop, and come back; hostile ones go nowhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import pictures
from tests.corpus.arrivals import check_arrival
from tests.corpus.files import HONEST, HOSTILE, Honest, Hostile, made
from tests.e2e.house import House, link, poll
from tests.e2e.media_house import CAPTIONED, SETTINGS, MediaHouse, Way, hex_of, sha256

OURS = "4915112347100"
THEIRS = tuple(f"49151123471{at:02d}" for at in range(1, 5))
SENT: tuple[tuple[str, Way], ...] = (
    ("photo with its place", "drop"),
    ("png", "url"),
    ("webp as a sticker", "upload"),
    ("moving gif", "url"),
    ("mp4 with its place", "upload"),
    ("mp3 as a voice note", "drop"),
    ("amr", "url"),
    ("text of western Europe", "upload"),
    ("pdf", "drop"),
)
REFUSED: tuple[tuple[str, Way], ...] = (
    ("jpeg and zip", "drop"),
    ("half an mp4", "url"),
    ("zip bomb", "upload"),
    ("web page", "drop"),
    ("png of 1.6 gigapixels", "upload"),
    ("program", "url"),
)


@dataclass(frozen=True)
class Sending:
    """`place` is the id of its message, or where it lies in the drop."""

    file: Honest
    to: str
    caption: str
    place: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("media") / "house"
    (home.parent / "temporary").mkdir()
    house = House(home, environment={**SETTINGS, "TMPDIR": str(home.parent / "temporary")})
    house.start()
    yield house
    house.stop()


@pytest.fixture(scope="module")
def files(house: House) -> Iterator[MediaHouse]:
    with MediaHouse(house, link(house, OURS), OURS, THEIRS) as files:
        yield files


def test_files_arrive_once_as_they_should_and_come_back(files: MediaHouse, tmp_path: Path) -> None:
    honest = {file.name: file for file in HONEST}
    sent = [_send(files, honest[name], way, THEIRS[at % len(THEIRS)]) for at, (name, way) in enumerate(SENT)]
    messages = {_message_of(files, one): one for one in sent}
    wanted = {hex_of(message) for message in messages}
    poll(lambda: wanted <= files.arrived_by_id().keys(), 90, "all have arrived", every=0.3)
    arrived = files.arrived_by_id()
    back = {}
    for message, one in messages.items():
        has = arrived[hex_of(message)]
        data = files.bytes_of(has)
        _check(files, one, message, has, data, tmp_path)
        mime = has["media"]["mime"]
        back[files.from_person(one.to, one.file.kind, data, mime=mime, text=one.caption)] = (one, data)
    poll(lambda: sum(one["ends"] for one in files.came().values()) == len(back), 60, "all came back", every=0.3)
    for whatsapp_id, came in files.came().items():
        one, data = back[whatsapp_id]
        assert (came["kind"], came["text"], came["times"]) == (one.file.kind, one.caption, 1)
        told = came["media"]
        assert (told["state"], told["size"], told["sha256"]) == ("ready", len(data), sha256(data))
        assert files.content(told["id"]) == data
    assert len(files.arrived()) == len(sent), "the drop was told of each of its files three times"


def test_hostile_files_go_nowhere_and_say_why(files: MediaHouse) -> None:
    hostile = {file.name: file for file in HOSTILE}
    before = len(files.arrived())
    looks: dict[str, Callable[[], str | None]] = {}
    codes: dict[str, str] = {}
    for name, way in REFUSED:
        file = hostile[name]
        if way == "drop":
            looks[name] = partial(files.rejected, files.drop(THEIRS[0], name, made(file.make)))
            continue
        got = files.send(THEIRS[0], {"id": _bring(files, file, way)}, kind=file.asked)
        if got.status_code == 202:
            looks[name] = partial(lambda message: files.ends().get(message), got.json()["id"])
        else:
            codes[name] = got.json()["code"]
    for name, look in looks.items():
        codes[name] = poll(look, 60, f"{name} is refused", every=0.3)
    assert codes == {name: hostile[name].code for name, _ in REFUSED}
    assert len(files.arrived()) == before


def test_nothing_of_a_file_is_readable_at_rest(files: MediaHouse) -> None:
    """Out and in, its bytes, names, captions and URL. What lies in the drop is plain until it is taken in, and then it
    is gone; the browser's own profile and the simulated network are not ours."""
    inside, comment, caption, name, place = "heron 41f7", "osprey 9a2c", "plover 77de", "curlew 03b8", "dunlin-5c1f"
    text = f"{inside}\n".encode() * 3000
    photo = pictures.jpeg(comment=comment.encode())
    url = files.serve(text, place)
    key = files.drop(THEIRS[1], f"{name}.txt", text, caption=caption)
    sent = [
        files.send(THEIRS[0], {"id": files.upload(photo, name=f"{name}.jpg")}, text=caption),
        files.send(THEIRS[0], {"url": url}, text=caption, filename=f"{name}.txt"),
    ]
    wanted = {hex_of(got.raise_for_status().json()["id"]) for got in sent}
    back = files.from_person(THEIRS[1], "document", text, mime="text/plain", filename=f"{name}.txt", text=caption)
    wanted.add(hex_of(poll(lambda: files.told_of(key).get("waypost-message"), 60, "it is taken in")))
    poll(lambda: wanted <= files.arrived_by_id().keys(), 60, "all have arrived", every=0.3)
    poll(lambda: files.came().get(back, {}).get("ends"), 60, "it came", every=0.3)
    home = files.house.home
    poll(lambda: not (home / key).exists(), 60, "the drop is empty", every=0.3)
    poll(lambda: not _files_below(home / "spool") + _files_below(home / "outgoing"), 60, "nothing is on its way")
    assert not list((home.parent / "temporary").glob("waypost-*"))
    stored = [path for path in _files_below(home) if path.relative_to(home).parts[0] not in ("simulator", "profiles")]
    assert {"logs", "blobs"} <= {path.relative_to(home).parts[0] for path in stored}
    for path in stored:
        found = path.read_bytes()
        for secret in (inside, comment, caption, name, place):
            assert secret.encode() not in found, f"{path.relative_to(home)} is readable"


def _files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _send(files: MediaHouse, file: Honest, way: Way, to: str) -> Sending:
    caption = f"{file.name} by {way}" if file.kind in CAPTIONED else ""
    if way == "drop":
        key = f"drop/{files.session}/{to}/{file.name}"
        files.tell_of(key)
        files.drop(to, file.name, made(file.make), caption=caption, kind=file.asked)
        files.tell_of(key, times=2)
        return Sending(file, to, caption, key)
    got = files.send(to, {"id": _bring(files, file, way)}, text=caption)
    assert got.status_code == 202, got.text
    return Sending(file, to, caption, str(got.json()["id"]))


def _bring(files: MediaHouse, file: Honest | Hostile, way: Way) -> str:
    bring = files.upload if way == "upload" else files.fetch
    return bring(made(file.make), type=file.declared, kind=file.asked)


def _message_of(files: MediaHouse, one: Sending) -> str:
    if one.place.startswith("msg_"):
        return one.place
    return poll(lambda: files.told_of(one.place).get("waypost-message"), 60, "the drop is looked at", every=0.1)


def _check(files: MediaHouse, one: Sending, message: str, has: dict[str, Any], data: bytes, folder: Path) -> None:
    media = files.message(message)["media"]["id"]
    prepared = files.prepared(media)
    small = files.thumbnail(media) if prepared.has_thumbnail else None
    mine = folder / message
    mine.mkdir()
    assert (has["number"], has["text"]) == (one.to, one.caption)
    check_arrival(one.file, made(one.file.make), prepared, small, has, data, mine)
