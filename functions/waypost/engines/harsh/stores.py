"""Buckets, the drop and keys that are throttled and unanswered. MACs are made in the process, as in the cloud, and
never fail."""

import builtins
from collections.abc import Iterator, Mapping

from waypost.engines.harsh.weather import Chance
from waypost.ports import Blobs, DataKey, Dropped, Drops, Keys


class HarshBlobs:
    def __init__(self, inner: Blobs, chance: Chance) -> None:
        self._inner = inner
        self._chance = chance

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str:
        self._before()
        tag = self._inner.put(key, data, if_absent=if_absent)
        self._chance.maybe_lose_answer()
        return tag

    def get(self, key: str) -> bytes:
        self._before()
        return self._inner.get(key)

    def delete(self, key: str) -> None:
        self._before()
        self._inner.delete(key)
        self._chance.maybe_lose_answer()

    def list(self, prefix: str) -> builtins.list[str]:
        self._before()
        return self._inner.list(prefix)

    def _before(self) -> None:
        self._chance.maybe_refuse()
        self._chance.maybe_lose_request()


class HarshDrops:
    def __init__(self, inner: Drops, chance: Chance) -> None:
        self._inner = inner
        self._chance = chance

    def look(self, key: str) -> Dropped | None:
        self._before()
        return self._inner.look(key)

    def read(self, dropped: Dropped) -> Iterator[bytes]:
        self._before()
        return self._inner.read(dropped)

    def write(self, key: str, data: bytes) -> None:
        self._before()
        self._inner.write(key, data)
        self._chance.maybe_lose_answer()

    def tags(self, key: str) -> Mapping[str, str]:
        self._before()
        return self._inner.tags(key)

    def tag(self, key: str, tags: Mapping[str, str]) -> None:
        self._before()
        self._inner.tag(key, tags)
        self._chance.maybe_lose_answer()

    def move(self, dropped: Dropped, to: str) -> None:
        self._before()
        self._inner.move(dropped, to)
        self._chance.maybe_lose_answer()

    def delete(self, dropped: Dropped) -> None:
        self._before()
        self._inner.delete(dropped)
        self._chance.maybe_lose_answer()

    def let_go(self, dropped: Dropped) -> None:
        self._before()
        self._inner.let_go(dropped)

    def empty(self, before_ms: int) -> int:
        self._before()
        return self._inner.empty(before_ms)

    def _before(self) -> None:
        self._chance.maybe_refuse()
        self._chance.maybe_lose_request()


class HarshKeys:
    def __init__(self, inner: Keys, chance: Chance) -> None:
        self._inner = inner
        self._chance = chance

    def generate_data_key(self, context: Mapping[str, str]) -> DataKey:
        self._chance.maybe_refuse()
        return self._inner.generate_data_key(context)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self._chance.maybe_refuse()
        return self._inner.unwrap(wrapped, context)

    def mac(self, purpose: str, data: bytes) -> bytes:
        return self._inner.mac(purpose, data)
