"""What is packed opens only as it was, where it was, for whom it was."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.worker.vault.manifest import Manifest, NotAManifest, Piece, Saved, from_bytes, to_bytes
from containers.worker.vault.packing import Packer
from tests.unit.fake_keys import FakeKeys, FakeTable
from waypost.errors import Tampered
from waypost.services.sealing import Seals

PATHS = st.sampled_from([f"Default/IndexedDB/{name}" for name in ("a.log", "b/000005.ldb", "c d/1", "ä")])
MANIFESTS = st.builds(
    Manifest,
    version=st.just("00000001.000001"),
    taken_ms=st.integers(0, 2**45),
    chromium=st.just("156.0.8078.79"),
    saved=st.builds(
        Saved,
        origin=st.just("https://web.whatsapp.com"),
        local_storage=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
        cookies=st.just(({"name": "a", "secure": True},)),
    ),
    pieces=st.lists(st.builds(Piece, PATHS, st.integers(0, 2**40), st.just("00000001/ab")), max_size=3).map(tuple),
    small=st.dictionaries(PATHS, st.binary(max_size=20), max_size=3),
)


def packer(session: str = "ses_1", tenant: str = "ten_1", keys: FakeKeys | None = None) -> Packer:
    keys = keys or FakeKeys()
    return Packer(keys, Seals(keys, FakeTable()), tenant=tenant, session=session)


@given(st.binary(max_size=5000))
@settings(deadline=None)  # a busy machine is no failure
def test_what_is_packed_opens_again(plain: bytes) -> None:
    mine = packer()
    key = f"ses_1/1/{mine.name(plain)}"
    packed = mine.pack(key, plain)
    assert mine.unpack_named(key, mine.name(plain), packed) == plain
    assert len(plain) < 16 or plain not in packed


@given(st.binary(min_size=1, max_size=500), st.data())
@settings(deadline=None)  # a busy machine is no failure
def test_a_changed_or_cut_off_object_is_refused_by_name(plain: bytes, data: st.DataObject) -> None:
    mine = packer()
    packed = bytearray(mine.pack("ses_1/1/x", plain))
    at = data.draw(st.integers(0, len(packed) - 1))
    if data.draw(st.booleans()):
        del packed[at:]
    else:
        packed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Tampered) as refused:
        mine.unpack("ses_1/1/x", bytes(packed))
    assert refused.value.code == "profile_tampered"
    assert "ses_1/1/x" in refused.value.message


def test_an_object_that_was_moved_or_swapped_is_refused() -> None:
    keys = FakeKeys()
    mine, plain = packer(keys=keys), b"a piece"
    packed = mine.pack("ses_1/1/a", plain)
    with pytest.raises(Tampered):
        mine.unpack("ses_1/1/b", packed)
    with pytest.raises(Tampered):
        packer("ses_2", keys=keys).unpack("ses_1/1/a", packed)
    with pytest.raises(Tampered):
        mine.unpack_named("ses_1/1/a", mine.name(b"another"), packed)


def test_equal_pieces_have_one_name_in_a_session_and_others_elsewhere() -> None:
    keys, plain = FakeKeys(), os.urandom(1000)
    names = {packer(session, tenant, keys).name(plain) for session in ("s1", "s2") for tenant in ("t1", "t2")}
    assert len(names) == 4
    assert packer(keys=keys).name(plain) == packer(keys=keys).name(plain)
    assert packer(keys=FakeKeys()).name(plain) not in names, "a name tells nothing without the key"


@given(MANIFESTS)
@settings(deadline=None, max_examples=50)
def test_a_manifest_reads_as_it_was_written(manifest: Manifest) -> None:
    assert from_bytes(to_bytes(manifest)) == manifest


@given(MANIFESTS, st.integers(1, 200))
@settings(deadline=None, max_examples=50)
def test_a_manifest_that_is_cut_off_is_none(manifest: Manifest, cut: int) -> None:
    with pytest.raises(NotAManifest):
        from_bytes(to_bytes(manifest)[:-cut])


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "Default/../../x", "", "a\0b"])
def test_a_path_that_leaves_the_profile_is_refused(path: str) -> None:
    with pytest.raises(NotAManifest):
        from_bytes(to_bytes(Manifest("v", 1, "156", Saved(), small={path: b""})))
    with pytest.raises(NotAManifest):
        from_bytes(to_bytes(Manifest("v", 1, "156", Saved(), pieces=(Piece(path, 1, "x"),))))
