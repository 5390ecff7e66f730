"""The Keys port on KMS: data keys bound to their context, and MACs under one root that KMS unwraps once a process.

KMS has GenerateMac, but every request to the API needs several MACs: at some milliseconds and a price for each, that
is the slowest and dearest way to a keyed hash. So a deployment has one root, a data key that lies wrapped in the main
table (it must live as long as the API keys and numbers that were hashed under it, so not in the short-lived table of
wrapped keys). HKDF derives a key for each purpose. The root is bound to a context of its own, so a function that only
checks API keys may be granted Decrypt for that context alone; whoever comes first with write access makes it.
"""

import hmac
import threading
from collections.abc import Mapping
from functools import lru_cache

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.failures import ours
from waypost.errors import ConditionFailed, StorageError, Tampered, WaypostError
from waypost.ports import Clause, DataKey, Key, Table, When

ROOT_CONTEXT = {"waypost": "mac-root"}
_ROOT = Key("ENGINE", "mac-root")
_MAX_WRAPPED = 6144  # KMS
_WHAT = "the key service"
_TAMPERED = frozenset(("InvalidCiphertextException", "IncorrectKeyException"))


class AwsKeys:
    def __init__(self, clients: Clients, key: str, table: Table | None) -> None:
        self._clients = clients
        self._key = key
        self._table = table
        self._root: bytes | None = None
        self._lock = threading.Lock()
        self._mac_key = lru_cache(maxsize=64)(self._derived)

    def generate_data_key(self, context: Mapping[str, str]) -> DataKey:
        with ours(_WHAT):
            answer = self._clients.kms().generate_data_key(
                KeyId=self._key, KeySpec="AES_256", EncryptionContext=context
            )
        return DataKey(answer["Plaintext"], answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        if not 0 < len(wrapped) <= _MAX_WRAPPED:
            raise Tampered("a wrapped key has an unknown form")
        with ours(_WHAT, _tampered):
            answer = self._clients.kms().decrypt(KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext=context)
        return answer["Plaintext"]

    def mac(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(self._mac_key(purpose), data, "sha256")

    def _derived(self, purpose: str) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, salt=None, info=f"waypost/mac/{purpose}".encode()).derive(self._unwrapped_root())

    def _unwrapped_root(self) -> bytes:
        with self._lock:
            if self._root is None:
                if self._table is None:
                    raise StorageError("the main table is not named, and the root of all MACs lies there")
                wrapped = _stored(self._table) or self._make_root(self._table)
                self._root = self.unwrap(wrapped, ROOT_CONTEXT)
            return self._root

    def _make_root(self, table: Table) -> bytes:
        """Once per deployment; whoever is second takes the first one's."""
        fresh = self.generate_data_key(ROOT_CONTEXT)
        try:
            table.put(
                {"pk": _ROOT.pk, "sk": _ROOT.sk, "wrapped": fresh.wrapped},
                when=When.all(Clause("there is no root yet", "pk", "absent")),
            )
        except ConditionFailed:
            wrapped = _stored(table)
            if wrapped is None:
                raise StorageError("the root of all MACs was there and is gone") from None
            return wrapped
        return fresh.wrapped


def _stored(table: Table) -> bytes | None:
    item = table.get(_ROOT)
    if item is None:
        return None
    wrapped = item.get("wrapped")
    if not isinstance(wrapped, bytes):
        raise Tampered("the root of all MACs has an unknown form")
    return wrapped


def _tampered(code: str) -> WaypostError | None:
    if code in _TAMPERED:
        return Tampered("a wrapped key was altered, or belongs to another context")
    return None
