"""What can be held against WhatsApp Web's own ciphertext: the simulated network's encryption of files."""

import pytest

from containers.simulator import media_crypto
from containers.simulator.errors import BadRequest

KEY = bytes(range(32))


def test_the_request_for_a_lost_file_is_the_real_pages_own() -> None:
    iv = bytes(range(0xA0, 0xAC))
    proof = bytes.fromhex("452b8a6b77056e26e155ee876a78fe2ad5fa6b945d78a1da315ce420e00cb4")
    assert media_crypto.is_retry_proof(KEY, "3EB0RMRTEST01", iv, proof)
    assert not media_crypto.is_retry_proof(KEY, "3EB0RMRTEST02", iv, proof)
    assert not media_crypto.is_retry_proof(bytes(32), "3EB0RMRTEST01", iv, proof)


@pytest.mark.parametrize("kind", media_crypto.USES)
def test_a_sealed_file_opens_with_its_key_and_kind_alone(kind: str) -> None:
    sealed = media_crypto.seal(b"a file", KEY, kind)
    assert len(sealed) == 16 + media_crypto.MAC_BYTES
    assert media_crypto.unseal(sealed, KEY, kind) == b"a file"
    other = "document" if kind != "document" else "image"
    for data, key, use in ((sealed, KEY, other), (sealed, bytes(32), kind), (b"x" + sealed[1:], KEY, kind)):
        with pytest.raises(BadRequest):
            media_crypto.unseal(data, key, use)
