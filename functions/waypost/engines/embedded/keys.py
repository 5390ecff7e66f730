"""The Keys port on a key file: data keys wrapped with AES-256-GCM, MACs by HMAC-SHA-256.

Wrapped form: version (1 byte), nonce (12), encrypted key (32), tag (16). The version and the context are
authenticated with it. Both uses have keys of their own, derived from the master key by HKDF.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.engines.embedded.database import Database
from waypost.errors import StorageError, Tampered
from waypost.ports import DataKey

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_FINGERPRINT = "master_key"  # the fact that remembers which key this database was made with


class EmbeddedKeys:
    def __init__(self, master: bytes) -> None:
        self._cipher = AESGCM(_derived(master, "wrap"))
        self._mac_key = lru_cache(maxsize=64)(lambda purpose: _derived(master, f"mac/{purpose}"))

    def generate_data_key(self, context: Mapping[str, str]) -> DataKey:
        plain, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
        return DataKey(plain, _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(context)))

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        if wrapped[:1] != _VERSION or len(sealed) != KEY_BYTES + 16:
            raise Tampered("a wrapped key has an unknown form")
        try:
            return self._cipher.decrypt(nonce, sealed, _bound(context))
        except InvalidTag:
            raise Tampered("a wrapped key was altered, or belongs to another context") from None

    def mac(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(self._mac_key(purpose), data, "sha256")


def create_master_key(path: Path, database: Database) -> None:
    """Make the key file for a new database. Never replaces one, nor makes one for data that another key wrapped."""
    if path.exists() or _fingerprint(database) is not None:
        load_master_key(path, database)
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    temporary.rename(path)
    load_master_key(path, database)


def load_master_key(path: Path, database: Database) -> bytes:
    """The master key, which must be the one that this database has known from its start."""
    try:
        master = path.read_bytes()
    except FileNotFoundError:
        raise StorageError(
            "the master key is missing; without it nothing stored can be read",
            mend="Restore keys/master.key from your backup.",
        ) from None
    if len(master) != KEY_BYTES:
        raise Tampered(f"the master key does not have {KEY_BYTES} bytes")
    mark = hashlib.sha256(_derived(master, "fingerprint")).hexdigest()
    if _fingerprint(database) is None:
        with database.write() as connection:
            connection.execute("INSERT INTO facts VALUES (?, ?) ON CONFLICT DO NOTHING", (_FINGERPRINT, mark))
    if _fingerprint(database) != mark:
        raise Tampered("the master key is not the one that this database was made with")
    return master


def _fingerprint(database: Database) -> str | None:
    row = database.connection().execute("SELECT value FROM facts WHERE name = ?", (_FINGERPRINT,)).fetchone()
    return None if row is None else str(row[0])


def _derived(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"waypost/{purpose}".encode()).derive(master)


def _bound(context: Mapping[str, str]) -> bytes:
    """Version and context in one spelling, whatever the order of the context's entries."""
    return _VERSION + json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
