"""A key service and a table of wrapped keys in memory."""

import hmac
import os
from collections.abc import Mapping
from typing import Any

from waypost.errors import ConditionFailed, Tampered
from waypost.ports import ALWAYS, DataKey, Item, Key, When


class FakeKeys:
    def __init__(self) -> None:
        self._root = os.urandom(32)
        self._made: dict[bytes, tuple[bytes, dict[str, str]]] = {}

    def generate_data_key(self, context: Mapping[str, str]) -> DataKey:
        plain, wrapped = os.urandom(32), os.urandom(16)
        self._made[wrapped] = plain, dict(context)
        return DataKey(plain, wrapped)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        plain, made_for = self._made[wrapped]
        if made_for != dict(context):
            raise Tampered("a wrapped key belongs to another context")
        return plain

    def mac(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(self._root, purpose.encode() + b"\0" + data, "sha256")


class FakeTable:
    """Only what wrapped keys need."""

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        return self._items.get(key)

    def put(self, item: Item, *, when: When = ALWAYS) -> None:
        key = Key(str(item["pk"]), str(item["sk"]))
        if key in self._items:
            raise ConditionFailed("does not hold: no key yet")
        self._items[key] = item

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(name)
