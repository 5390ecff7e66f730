"""Torn LevelDB directories are told from whole ones, for whatever manifest."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.worker.vault.leveldb import Torn, crc32c, databases_in, read_manifest, verify
from tests.unit.leveldb_files import Edit, live_tables, manifest_of, write_database

SIZES = st.integers(64, 5000)


@st.composite
def histories(draw: st.DrawFn) -> list[Edit]:
    """Tables come, and some of those that are there go."""
    edits: list[Edit] = []
    for number in range(3, 3 + 2 * draw(st.integers(1, 8)), 2):
        there = sorted(live_tables(edits))
        gone = draw(st.sets(st.sampled_from(there))) if there else set[int]()
        edits.append(Edit(((number, draw(SIZES)),), tuple(sorted(gone)), number + 1))
    return edits


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of RFC 3720


@given(histories())
@settings(deadline=None)  # a busy machine is no failure
def test_a_manifest_tells_what_is_live(edits: list[Edit]) -> None:
    inventory = read_manifest(manifest_of(edits))
    assert inventory.tables == live_tables(edits)
    assert inventory.log == edits[-1].log


@given(histories(), st.data())
@settings(deadline=None)  # a busy machine is no failure
def test_a_changed_byte_is_caught_or_cuts_the_end_off(edits: list[Edit], data: st.DataObject) -> None:
    """As LevelDB itself reads: what looks cut off at the very end was never finished."""
    whole = bytearray(manifest_of(edits))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        tables = read_manifest(bytes(whole)).tables
    except Torn:
        return
    assert tables in [live_tables(edits[:count]) for count in range(len(edits))]


@given(histories(), st.data())
@settings(deadline=None)  # a busy machine is no failure
def test_a_manifest_that_is_cut_off_holds_what_was_finished(edits: list[Edit], data: st.DataObject) -> None:
    whole = manifest_of(edits)
    first = len(manifest_of([]))
    tables = read_manifest(whole[: data.draw(st.integers(first, len(whole)))]).tables
    assert tables in [live_tables(edits[:count]) for count in range(len(edits) + 1)]


def test_records_that_span_blocks_are_read() -> None:
    edits = [Edit(tuple((number, 100) for number in range(3, 503)), (), 2)]
    assert len(manifest_of(edits)) > 4 * 32 * 1024
    assert read_manifest(manifest_of(edits)).tables == live_tables(edits)


EDITS = [Edit(((5, 100), (7, 200)), (), 6), Edit(((9, 300),), (5,), 8)]


@pytest.mark.parametrize(
    "name", ["CURRENT", "MANIFEST-000001", "000007.ldb", "000009.ldb", "000008.log"], ids=lambda name: name
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_database(tmp_path / "db", EDITS)
    assert verify(tmp_path / "db").tables == {7: 200, 9: 300}
    (tmp_path / "db" / name).unlink()
    with pytest.raises(Torn) as torn:
        verify(tmp_path / "db")
    assert torn.value.file == name
    assert databases_in(tmp_path) == [tmp_path / "db"], "what is left of a database is still one"


@pytest.mark.parametrize("harm", ["shorter", "longer", "other end", "empty"])
def test_a_table_of_another_size_or_make_is_named(tmp_path: Path, harm: str) -> None:
    write_database(tmp_path / "db", EDITS)
    table = tmp_path / "db/000009.ldb"
    there = table.read_bytes()
    table.write_bytes(
        {"shorter": there[:-1], "longer": there + b"x", "other end": there[:-1] + b"x", "empty": b""}[harm]
    )
    with pytest.raises(Torn) as torn:
        verify(tmp_path / "db")
    assert torn.value.file == "000009.ldb"


@pytest.mark.parametrize("said", [b"", b"MANIFEST-000001", b"MANIFEST-000002\n", b"../MANIFEST\n", b"\xff\n"])
def test_a_current_that_names_no_manifest_is_torn(tmp_path: Path, said: bytes) -> None:
    write_database(tmp_path / "db", EDITS)
    (tmp_path / "db/CURRENT").write_bytes(said)
    with pytest.raises(Torn):
        verify(tmp_path / "db")


def test_a_table_under_its_older_suffix_counts(tmp_path: Path) -> None:
    write_database(tmp_path / "db", EDITS)
    (tmp_path / "db/000009.ldb").rename(tmp_path / "db/000009.sst")
    verify(tmp_path / "db")
