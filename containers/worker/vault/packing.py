"""Packing pieces of a profile for the store: zstd, then AES-256-GCM under the session's data key, bound to the name.

Names are keyed hashes of what is in a piece: the same piece is stored once, two sessions' equal pieces have different
names, and a name tells nothing to who does not have the key.
"""

import hashlib
import hmac
from functools import cached_property

import backports.zstd as zstd

from waypost.errors import Tampered
from waypost.ports import Keys
from waypost.services.sealing import Seals

_LEVEL = 3  # a fifth of the time of zip for the same bytes (browser-sessions.md, section 2)
_NAME_BYTES = 20
_MOST_BYTES = 2 * 1024**3  # of one piece; a frame that claims more is not ours


class Packer:
    """Packs for one session. Everything here may ask the key service, so it belongs in a thread."""

    def __init__(self, keys: Keys, seals: Seals, *, tenant: str, session: str) -> None:
        self._keys = keys
        self._seals = seals
        self._tenant = tenant
        self._session = session

    @cached_property
    def _naming(self) -> bytes:
        """The session's key of names."""
        return self._keys.mac("profile-names", f"{self._tenant}/{self._session}".encode())

    def name(self, plain: bytes) -> str:
        return hashlib.blake2b(plain, digest_size=_NAME_BYTES, key=self._naming).hexdigest()

    def pack(self, key: str, plain: bytes) -> bytes:
        """`key` is where it will be stored: moved elsewhere it does not open."""
        return self._seals.seal(self._tenant, self._session, f"profile#{key}", zstd.compress(plain, _LEVEL))

    def unpack(self, key: str, packed: bytes) -> bytes:
        """Raises Tampered `profile_tampered`, which names the object."""
        try:
            compressed = self._seals.open(self._tenant, self._session, f"profile#{key}", packed)
            size = zstd.get_frame_info(compressed).decompressed_size
            if size is None or size > _MOST_BYTES:
                raise tampered(key)
            return zstd.decompress(compressed)
        except (Tampered, zstd.ZstdError):
            raise tampered(key) from None

    def unpack_named(self, key: str, name: str, packed: bytes) -> bytes:
        """The same for a piece, whose content must be what its name says. Raises Tampered."""
        plain = self.unpack(key, packed)
        if not hmac.compare_digest(self.name(plain), name):
            raise tampered(key)
        return plain


def tampered(key: str) -> Tampered:
    return Tampered(
        f"The profile's object {key} fails its integrity check.",
        mend="An older copy is used. Find out who may write to the bucket of profiles.",
        code="profile_tampered",
    )
