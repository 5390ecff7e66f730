"""Files of every type, honest and hostile, judged and made to fit in bounded processes."""

import functools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.bounds import Bounds, Preparer
from tests.corpus import documents, pictures, recordings
from tests.corpus.checks import check
from tests.corpus.files import HONEST, HOSTILE, Honest, Hostile, made
from waypost.domain.media import ACCEPTED, Ask, Prepared
from waypost.errors import MediaRefused


@pytest.fixture(scope="module")
def preparer() -> Iterator[Preparer]:
    made_here = Preparer()
    yield made_here
    made_here.close()


def prepare(
    preparer: Preparer, folder: Path, data: bytes, ask: Ask | None = None, bounds: Bounds | None = None
) -> tuple[Prepared, Path]:
    source = folder / "source"
    source.write_bytes(data)
    return preparer.prepare(source, folder, ask or Ask(), bounds=bounds or Bounds(), progress=lambda _: None)


def refused(preparer: Preparer, folder: Path, data: bytes, ask: Ask | None = None, bounds: Bounds | None = None) -> str:
    with pytest.raises(MediaRefused) as caught:
        prepare(preparer, folder, data, ask, bounds)
    assert caught.value.mend
    assert caught.value.field == "media"
    return caught.value.code


@pytest.mark.parametrize("file", [file for file in HONEST if not file.slow], ids=lambda file: file.name)
def test_an_honest_file_is_made_to_fit(file: Honest, preparer: Preparer, tmp_path: Path) -> None:
    data = made(file.make)
    prepared, path = prepare(preparer, tmp_path, data, Ask(file.declared, file.asked))
    check(file, data, prepared, path, tmp_path / "thumbnail.jpg")


@pytest.mark.parametrize("file", [file for file in HOSTILE if not file.slow], ids=lambda file: file.name)
def test_a_hostile_file_is_refused_with_its_own_code(file: Hostile, preparer: Preparer, tmp_path: Path) -> None:
    assert refused(preparer, tmp_path, made(file.make), Ask(file.declared, file.asked)) == file.code


def test_the_corpus_has_every_accepted_type() -> None:
    said = {file.declared.partition(";")[0] for file in HONEST}
    assert {accepted.mime for accepted in ACCEPTED} <= said
    assert len(HONEST) + len(HOSTILE) >= 60


def test_limits_of_size_count_source_and_result(preparer: Preparer, tmp_path: Path) -> None:
    data = made(documents.text)
    assert refused(preparer, tmp_path, data, Ask(max_source_bytes=1000)) == "media_source_too_large"
    assert refused(preparer, tmp_path, data, Ask(max_prepared_bytes=1000)) == "media_too_large"


def test_a_film_is_encoded_to_the_limit_and_refused_below_the_floor(preparer: Preparer, tmp_path: Path) -> None:
    film = made(functools.partial(recordings.ready_video, seconds=6))
    limit = len(film) // 3
    prepared, path = prepare(preparer, tmp_path, film, Ask(max_prepared_bytes=limit))
    assert path.stat().st_size <= limit
    assert "recompressed" in {note.code for note in prepared.notes}
    assert refused(preparer, tmp_path, film, Ask(max_prepared_bytes=20_000)) == "media_cannot_fit"


def test_a_job_that_takes_too_long_or_too_much_ends_alone(preparer: Preparer, tmp_path: Path) -> None:
    film = made(recordings.old_phone_video)
    assert refused(preparer, tmp_path, film, bounds=Bounds(seconds=0.02)) == "media_too_costly"
    picture = made(functools.partial(pictures.jpeg, 1600, 1200))
    small = Bounds(memory_bytes=1)
    assert refused(preparer, tmp_path, picture, Ask(kind="sticker"), small) in (
        "media_too_costly",
        "media_broke_reader",
    )
    prepared, _ = prepare(preparer, tmp_path, picture)
    assert prepared.kind == "image"


def test_a_preparer_whose_process_died_starts_another(preparer: Preparer, tmp_path: Path) -> None:
    prepare(preparer, tmp_path, made(pictures.png))
    assert preparer.process_id is not None
    os.kill(preparer.process_id, signal.SIGKILL)
    prepared, _ = prepare(preparer, tmp_path, made(pictures.png))
    assert prepared.mime == "image/png"


def test_long_work_tells_of_its_progress(preparer: Preparer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(made(recordings.old_phone_video))
    told: list[float] = []
    preparer.prepare(source, tmp_path, Ask(), bounds=Bounds(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
