"""Sealing what must not be readable at rest (P6): AES-256-GCM under a data key of the subject it belongs to.

A subject is a contact, a session or a tenant. Its key is made on first use, wrapped by `Keys` with the tenant in the
encryption context, and stored in a table of its own, so that erasing the key erases all that it sealed (decision 13).
Sealed bytes: one byte of version, 12 of nonce, then ciphertext and tag. What they are *for* is bound by the
additional data, so that a sealed value moved to another place does not open.
"""

import json
import os
import threading
import time
from collections import OrderedDict
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from waypost.entities.wrapped_key import get_wrapped_key, put_wrapped_key
from waypost.errors import Tampered
from waypost.ports import Keys, Table

_VERSION = b"\x01"
_CACHE_SECONDS = 300  # how long a plain data key may stay in memory
_CACHE_SIZE = 2048


class Seals:
    """Seals and opens for one process; keeps unwrapped data keys in memory for `_CACHE_SECONDS`."""

    def __init__(self, keys: Keys, wrapped_keys: Table) -> None:
        self._keys = keys
        self._table = wrapped_keys
        self._cache: OrderedDict[tuple[str, str], tuple[float, AESGCM]] = OrderedDict()
        self._lock = threading.Lock()

    def seal(self, tenant: str, subject: str, purpose: str, plain: bytes) -> bytes:
        cipher = self._cipher(tenant, subject, make=True)
        nonce = os.urandom(12)
        return _VERSION + nonce + cipher.encrypt(nonce, plain, _bound(tenant, subject, purpose))

    def open(self, tenant: str, subject: str, purpose: str, sealed: bytes) -> bytes:
        """Raises Tampered when bytes, subject or purpose are not those that were sealed, or the key is gone."""
        if sealed[:1] != _VERSION or len(sealed) < 29:
            raise Tampered("A sealed value has an unknown form.")
        cipher = self._cipher(tenant, subject, make=False)
        try:
            return cipher.decrypt(sealed[1:13], sealed[13:], _bound(tenant, subject, purpose))
        except InvalidTag:
            raise Tampered(f"A sealed value ({purpose}) fails its integrity check.") from None

    def seal_json(self, tenant: str, subject: str, purpose: str, value: Any) -> bytes:
        return self.seal(
            tenant, subject, purpose, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        )

    def open_json(self, tenant: str, subject: str, purpose: str, sealed: bytes) -> Any:
        return json.loads(self.open(tenant, subject, purpose, sealed))

    def _cipher(self, tenant: str, subject: str, *, make: bool) -> AESGCM:
        now = time.monotonic()
        with self._lock:
            cached = self._cache.get((tenant, subject))
            if cached is not None and cached[0] > now:
                self._cache.move_to_end((tenant, subject))
                return cached[1]
        cipher = AESGCM(self._data_key(tenant, subject, make=make))
        with self._lock:
            self._cache[tenant, subject] = (now + _CACHE_SECONDS, cipher)
            while len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return cipher

    def _data_key(self, tenant: str, subject: str, *, make: bool) -> bytes:
        context = {"tenant": tenant, "subject": subject}
        wrapped = get_wrapped_key(self._table, tenant, subject)
        if wrapped is None and make:
            fresh = self._keys.generate_data_key(context)
            if put_wrapped_key(self._table, tenant, subject, fresh.wrapped):
                return fresh.plain
            wrapped = get_wrapped_key(self._table, tenant, subject)
        if wrapped is None:
            raise Tampered("The key of a sealed value is gone.", code="key_erased")
        return self._keys.unwrap(wrapped, context)


def _bound(tenant: str, subject: str, purpose: str) -> bytes:
    return "\x00".join((tenant, subject, purpose)).encode()
