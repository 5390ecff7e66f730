"""The whole corpus, the slow files too; and thousands of broken copies of it, none of which may break more than itself.

WAYPOST_SEED and WAYPOST_ROUNDS repeat or widen the run of broken copies.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.bounds import Bounds, Preparer
from tests.corpus.checks import check
from tests.corpus.files import HONEST, HOSTILE, Honest, Hostile, made
from waypost.domain.media import MAX_PREPARED_BYTES, Ask
from waypost.domain.media_refusals import REFUSALS
from waypost.errors import MediaRefused


@pytest.fixture(scope="module")
def preparer() -> Iterator[Preparer]:
    made_here = Preparer()
    yield made_here
    made_here.close()


@pytest.mark.parametrize("file", HONEST, ids=lambda file: file.name)
def test_an_honest_file_is_made_to_fit(file: Honest, preparer: Preparer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(made(file.make))
    ask = Ask(file.declared, file.asked)
    prepared, path = preparer.prepare(source, tmp_path, ask, bounds=Bounds(), progress=lambda _: None)
    check(file, made(file.make), prepared, path, tmp_path / "thumbnail.jpg")


@pytest.mark.parametrize("file", HOSTILE, ids=lambda file: file.name)
def test_a_hostile_file_is_refused_with_its_own_code(file: Hostile, preparer: Preparer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(made(file.make))
    ask = Ask(file.declared, file.asked)
    with pytest.raises(MediaRefused) as caught:
        preparer.prepare(source, tmp_path, ask, bounds=Bounds(), progress=lambda _: None)
    assert caught.value.code == file.code


def test_broken_copies_are_refused_or_sent_and_break_nothing_else(preparer: Preparer, tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYPOST_SEED") or random.SystemRandom().randrange(10**6))
    rounds = int(os.environ.get("WAYPOST_ROUNDS") or 8)
    chance, outcomes = random.Random(seed), Counter[str]()
    files = [file for file in HONEST if not file.slow]
    zygote = None
    for number in range(rounds * len(files)):
        file = files[number % len(files)]
        folder = tmp_path / str(number)
        folder.mkdir()
        source = folder / "source"
        source.write_bytes(broken(made(file.make), chance))
        try:
            bounds = Bounds(seconds=60)
            prepared, path = preparer.prepare(
                source, folder, Ask("", file.asked), bounds=bounds, progress=lambda _: None
            )
            assert path.stat().st_size == prepared.size <= MAX_PREPARED_BYTES
            outcomes["prepared"] += 1
        except MediaRefused as refused:
            outcomes[refused.code] += 1
        zygote = zygote or preparer.process_id
        assert preparer.process_id == zygote, (seed, number, file.name)
    print(f"seed {seed}: {dict(outcomes)}")  # noqa: T201  # a long run shows what it counted
    assert outcomes["media_broke_reader"] == 0, seed
    assert set(outcomes) <= {"prepared", *REFUSALS}, seed


def broken(data: bytes, chance: random.Random) -> bytes:
    """Cut, flipped, filled or doubled somewhere."""
    made_new = bytearray(data)
    at = chance.randrange(max(1, len(data)))
    match chance.randrange(5):
        case 0:
            return data[:at]
        case 1:
            made_new[at] ^= 1 << chance.randrange(8)
        case 2:
            for _ in range(20):
                made_new[chance.randrange(len(data))] = chance.randrange(256)
        case 3:
            made_new[at : at + 64] = b"\xff" * 64
        case _:
            made_new[at:at] = data[at : at + 256]
    return bytes(made_new)
