"""A table that asks again: Throttled and TransactionConflict say that nothing was done, so repeating is safe.

All else is left to the caller, who knows what a lost answer or a failed condition means.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waypost.errors import Throttled, TransactionConflict
from waypost.ports import ALWAYS, Item, Key, Page, Table, Update, When, Write
from waypost.services.contention import pause

_TRIES = 10


@dataclass(frozen=True, slots=True)
class PatientTable:
    """Does what `inner` does; raises Throttled and TransactionConflict only after several tries."""

    inner: Table

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        return _patiently(lambda: self.inner.get(key, consistent=consistent))

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
        return _patiently(
            lambda: self.inner.query(
                pk,
                index=index,
                begins_with=begins_with,
                between=between,
                after=after,
                limit=limit,
                descending=descending,
                cursor=cursor,
            )
        )

    def put(self, item: Item, *, when: When = ALWAYS) -> None:
        _patiently(lambda: self.inner.put(item, when=when))

    def update(self, update: Update) -> Item:
        return _patiently(lambda: self.inner.update(update))

    def delete(self, key: Key, *, when: When = ALWAYS) -> None:
        _patiently(lambda: self.inner.delete(key, when=when))

    def transact(self, writes: Sequence[Write]) -> None:
        _patiently(lambda: self.inner.transact(writes))


def _patiently[T](call: Callable[[], T]) -> T:
    for attempt in range(_TRIES - 1):
        try:
            return call()
        except (Throttled, TransactionConflict):
            pause(attempt)
    return call()
