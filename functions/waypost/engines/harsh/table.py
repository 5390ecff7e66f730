"""A table whose writes conflict, are throttled or unanswered, and whose indexes are late.

Indexes are read from a second table, the replica, that every written item reaches some milliseconds later. A thread
carries them over by itself, so that another process's index reads see them, too.
"""

import threading
from collections.abc import Callable, Sequence

from waypost.engines.harsh.weather import Chance
from waypost.ports import ALWAYS, Item, Key, Page, Put, Table, Update, When, Write

_EVERY_SECONDS = 0.005


class Replica:
    """What the index reads see. Holds which items are on their way, and when they arrive by the engine's clock."""

    def __init__(self, truth: Table, replica: Table, chance: Chance, now_ms: Callable[[], int]) -> None:
        self._truth = truth
        self._table = replica
        self._chance = chance
        self._now_ms = now_ms
        self._due: dict[Key, int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, keys: Sequence[Key]) -> None:
        """These may have been written. A later write of the same item does not hold the earlier one up."""
        now = self._now_ms()
        with self._lock:
            for key in keys:
                self._due.setdefault(key, now + self._chance.delay_ms())
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, name="harsh-replica", daemon=True)
                self._thread.start()

    def table(self) -> Table:
        """As it is now."""
        self.carry_due()
        return self._table

    def carry_due(self, *, all_of_them: bool = False) -> None:
        """Holds the lock throughout, so that of two copies of an item the later one lands last."""
        with self._lock:
            now = self._now_ms()
            for key in [key for key, due in self._due.items() if all_of_them or due <= now]:
                self._copy(key)
                del self._due[key]

    def _copy(self, key: Key) -> None:
        """Until nothing changed meanwhile: another process may have carried a later one over what we read."""
        item = self._truth.get(key)
        while True:
            if item is None:
                self._table.delete(key)
            else:
                self._table.put(item)
            now, item = item, self._truth.get(key)
            if now == item:
                return

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self.carry_due(all_of_them=True)

    def _carry(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            self.carry_due()


class HarshTable:
    def __init__(self, inner: Table, replica: Replica, chance: Chance) -> None:
        self._inner = inner
        self._replica = replica
        self._chance = chance

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        self._chance.maybe_refuse()
        self._chance.maybe_lose_request()
        return (self._inner if consistent else self._replica.table()).get(key)

    def query(
        self,
        pk: str,
        *,
        index: str | None = None,
        begins_with: str | None = None,
        between: tuple[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        descending: bool = False,
        cursor: str | None = None,
    ) -> Page:
        self._chance.maybe_refuse()
        self._chance.maybe_lose_request()
        return (self._inner if index is None else self._replica.table()).query(
            pk,
            index=index,
            begins_with=begins_with,
            between=between,
            after=after,
            limit=limit,
            descending=descending,
            cursor=cursor,
        )

    def put(self, item: Item, *, when: When = ALWAYS) -> None:
        self._before()
        self._inner.put(item, when=when)
        self._after([Key(str(item["pk"]), str(item["sk"]))])

    def update(self, update: Update) -> Item:
        self._before()
        item = self._inner.update(update)
        self._after([update.key])
        return item

    def delete(self, key: Key, *, when: When = ALWAYS) -> None:
        self._before()
        self._inner.delete(key, when=when)
        self._after([key])

    def transact(self, writes: Sequence[Write]) -> None:
        self._before()
        self._chance.maybe_conflict()
        self._inner.transact(writes)
        self._after([_key(write) for write in writes])

    def _before(self) -> None:
        self._chance.maybe_refuse()
        self._chance.maybe_lose_request()

    def _after(self, keys: Sequence[Key]) -> None:
        self._replica.note(keys)
        self._chance.maybe_lose_answer()


def _key(write: Write) -> Key:
    return Key(str(write.item["pk"]), str(write.item["sk"])) if isinstance(write, Put) else write.key
