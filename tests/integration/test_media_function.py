"""A file from its coming to its readiness, through the function, on the embedded engine: claims, crashes, secrecy."""

import errno
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.builder import build
from media import bounds, handler, zygote
from media.bounds import Preparer
from media.decoding import decoding
from tests.corpus import archives, pictures, recordings
from tests.corpus.files import made
from waypost.bootstrap import App, join
from waypost.domain.media import Ask, Prepared
from waypost.entities.media import Media, get_media
from waypost.errors import Conflict, MediaRefused, NotFound, Tampered
from waypost.services.media import READY, SMALL, SOURCE, Files
from waypost.services.media_preparing import MAX_ATTEMPTS, StillClaimed, clear_leftovers, prepare_media
from waypost.services.sealed_streams import PIECE
from waypost.services.sweeping import sweep
from waypost.settings import Settings

TENANT, OTHER = "ten_" + "0" * 26, "ten_" + "1" * 26
MEDIA = "med_" + "0" * 26
CLAIM_SECONDS = 60.0


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with build(tmp_path / "home") as engine:
        yield join(Settings(home=tmp_path / "home"), engine)


@pytest.fixture(scope="module")
def preparer() -> Iterator[Preparer]:
    made_here = Preparer()
    yield made_here
    made_here.close()


def come(app: App, data: bytes, **said: Any) -> Media:
    media = app.files.create(MEDIA, TENANT, now_ms=app.now_ms(), **said)
    app.files.take_in(media, data)
    return current(app)


def current(app: App) -> Media:
    media = get_media(app.table, MEDIA)
    assert media is not None
    return media


def call(app: App, monkeypatch: pytest.MonkeyPatch, preparer: Preparer | None) -> list[str]:
    """What the function gives back, called with everything that waits in its queue; None: with its own preparer."""
    monkeypatch.setattr(handler, "app", lambda: app)
    if preparer is not None:
        monkeypatch.setattr(handler, "_preparer", lambda: preparer)
    queue, given_back = app.engine.queues.queue("media"), []
    while waiting := queue.receive(limit=1):
        (message,) = waiting
        answer = handler.handler({"Records": [{"messageId": message.message_id, "body": message.body}]}, None)
        given_back += [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        queue.delete(message.receipt)
    return given_back


def all_bytes(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_a_file_that_comes_is_prepared_and_kept_as_ciphertext(
    app: App, monkeypatch: pytest.MonkeyPatch, preparer: Preparer, tmp_path: Path
) -> None:
    photo = pictures.photo()
    come(app, photo, declared="image/jpeg", name="holiday-in-berlin.jpg")
    assert call(app, monkeypatch, preparer) == []
    media = app.files.find(MEDIA, TENANT)
    prepared = app.files.prepared(media)
    data = b"".join(app.files.read(media, READY))
    assert (media.state, prepared.kind, prepared.sha256) == ("ready", "image", hashlib.sha256(data).hexdigest())
    assert b"".join(app.files.read(media, SMALL)).startswith(b"\xff\xd8")
    with pytest.raises(NotFound):
        app.files.read(media, SOURCE)
    kept = all_bytes(tmp_path / "home")
    told = (data[200:260], photo[200:260], b"holiday-in-berlin", prepared.sha256.encode())
    assert not any(plain in kept for plain in told)


def test_the_first_file_of_a_process_is_not_taken_for_a_leftover(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    handler._made.cache_clear()
    come(app, pictures.photo())
    try:
        assert call(app, monkeypatch, None) == []
        assert current(app).state == "ready"
    finally:
        handler._made().close()
        handler._made.cache_clear()


def test_a_hostile_file_is_refused_and_its_source_is_gone(
    app: App, monkeypatch: pytest.MonkeyPatch, preparer: Preparer
) -> None:
    come(app, archives.bomb(8))
    call(app, monkeypatch, preparer)
    media = current(app)
    assert (media.state, media.code) == ("refused", "media_zip_bomb")
    with pytest.raises(MediaRefused, match="swell") as caught:
        app.files.prepared(media)
    assert (caught.value.code, bool(caught.value.mend)) == ("media_zip_bomb", True)
    assert app.engine.blobs["media"].list("") == []


def test_a_program_that_is_missing_is_our_fault_and_the_file_comes_again(
    app: App, monkeypatch: pytest.MonkeyPatch, preparer: Preparer
) -> None:
    def missing(*_: object) -> None:
        with decoding():
            raise FileNotFoundError(errno.ENOENT, "No such file", "ffmpeg")

    monkeypatch.setattr(zygote, "prepare", missing)
    told = zygote._outcome({"source": "s", "folder": "f", "ask": {}}, io.StringIO())
    assert list(told) == ["missing"]
    come(app, pictures.png())
    monkeypatch.setattr(bounds, "_followed", lambda *_: bounds._outcome(told))
    for _ in range(MAX_ATTEMPTS + 2):
        assert call(app, monkeypatch, preparer) != []
        app.files.ask_for(MEDIA)
    assert (current(app).state, current(app).attempts) == ("checking", 0)
    monkeypatch.undo()
    assert call(app, monkeypatch, preparer) == []
    assert current(app).state == "ready"


def test_a_file_told_of_twice_is_prepared_once(app: App) -> None:
    media = come(app, pictures.png())
    calls: list[Path] = []
    again = counting(calls)
    assert settle(app, again) == "ready"
    app.files.take_in(media, pictures.png())
    assert settle(app, again) == "ready"
    assert len(calls) == 1


def test_who_comes_while_somebody_is_at_it_comes_again_later(app: App) -> None:
    come(app, pictures.png())

    def other(source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
        with pytest.raises(StillClaimed):
            settle(app, counting([]))
        return counting([])(source, folder, ask, progress)

    assert settle(app, other) == "ready"


class Killed(BaseException):
    """As if the process had died at that point."""


@pytest.mark.parametrize("part", ["before", READY, SMALL])
def test_a_try_that_dies_at_any_point_is_made_up_for(app: App, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    picture = pictures.png()
    come(app, picture)
    with monkeypatch.context() as broken:
        broken.setattr(Files, "write", dying_at(part))
        broken.setattr("waypost.services.media_preparing.release_media", lambda *_: None)
        with pytest.raises(Killed):
            settle(app, counting([]) if part != "before" else dying)
    with pytest.raises(StillClaimed):
        settle(app, counting([]))
    later = app.now_ms() + int(CLAIM_SECONDS * 1000) + 1
    assert sweep(table=app.table, queues=app.engine.queues, now_ms=later + 60_000).media in (0, 1)
    assert settle(app, counting([]), now_ms=later) == "ready"
    assert b"".join(app.files.read(current(app), READY)) == picture


def test_a_file_that_keeps_killing_its_try_is_refused(app: App) -> None:
    come(app, pictures.png())
    for _ in range(3):
        with pytest.raises(Killed):
            settle(app, dying)
    assert settle(app, counting([])) == "refused"
    assert current(app).code == "media_broke_reader"


def test_the_sweeper_finds_a_file_whose_message_was_lost(app: App) -> None:
    come(app, pictures.png())
    queue = app.engine.queues.queue("media")
    (message,) = queue.receive()
    queue.delete(message.receipt)
    assert sweep(table=app.table, queues=app.engine.queues, now_ms=app.now_ms() + 61_000).media == 1
    (message,) = queue.receive()
    assert json.loads(message.body) == {"media": MEDIA}


def test_progress_of_long_work_can_be_seen(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost.services.media_preparing.PROGRESS_SECONDS", 0.0)
    come(app, pictures.png())
    seen: list[tuple[str, int]] = []

    def watched(source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
        progress(0.42)
        seen.append((current(app).state, current(app).progress))
        return counting([])(source, folder, ask, progress)

    settle(app, watched)
    assert seen == [("preparing", 42)]
    assert (current(app).state, current(app).progress) == ("ready", 100)


def test_a_file_is_its_tenants_alone_and_not_ready_before_it_is(app: App) -> None:
    media = come(app, made(recordings.ready_video))
    with pytest.raises(NotFound):
        app.files.find(MEDIA, OTHER)
    with pytest.raises(Conflict):
        app.files.prepared(media)


def test_stored_bytes_that_were_changed_or_moved_do_not_open(app: App) -> None:
    media = come(app, bytes(3_000_000))
    blobs = app.engine.blobs["media"]
    stored = blobs.get(f"{SOURCE}/{MEDIA}")
    changed = [stored[:-1], stored[:2_000_000], stored[:1_500_000] + b"x" + stored[1_500_001:], stored[:5], b""]
    changed.append(stored[: 8 + PIECE + 16])  # cut off where a piece ends
    for one in changed:
        blobs.put(f"{SOURCE}/{MEDIA}", one)
        with pytest.raises(Tampered):
            b"".join(app.files.read(media, SOURCE))
    blobs.put(f"{READY}/{MEDIA}", stored)
    with pytest.raises(Tampered):
        b"".join(app.files.read(media, READY))


def test_what_a_dead_process_left_is_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost.services.media_preparing.gettempdir", lambda: str(tmp_path))
    dead, alive = tmp_path / "waypost-media-999999999-a", tmp_path / "waypost-media-1-b"
    for folder in (dead, alive):
        folder.mkdir()
        (folder / "source").write_bytes(b"plain")
    clear_leftovers()
    assert [path.name for path in tmp_path.iterdir()] == [alive.name]


def settle(
    app: App,
    prepare: Callable[[Path, Path, Ask, Callable[[float], None]], tuple[Prepared, Path]],
    now_ms: int | None = None,
) -> str | None:
    return prepare_media(
        MEDIA, files=app.files, prepare=prepare, now_ms=lambda: now_ms or app.now_ms(), claim_seconds=CLAIM_SECONDS
    )


def counting(
    calls: list[Path],
) -> Callable[[Path, Path, Ask, Callable[[float], None]], tuple[Prepared, Path]]:
    """A preparation that leaves every file as it is."""

    def prepare(source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
        calls.append(source)
        data = source.read_bytes()
        (folder / "thumbnail.jpg").write_bytes(b"small")
        whole = hashlib.sha256(data).hexdigest()
        return Prepared("image", "image/png", ".png", len(data), whole, untouched=True, has_thumbnail=True), source

    return prepare


def dying(source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
    raise Killed


def dying_at(part: str) -> Callable[[Files, Media, str, bytes], None]:
    write = Files.write

    def instead(files: Files, media: Media, written: str, data: bytes) -> None:
        if written == part:
            raise Killed
        write(files, media, written, data)

    return instead
