"""A patient table repeats what was refused, and nothing else."""

import pytest

from waypost.errors import ConditionFailed, StorageError, Throttled, TransactionConflict, WaypostError
from waypost.ports import Item, Key, Table, Update
from waypost.services.patience import PatientTable


class Refusing:
    """Refuses as often as it is told to."""

    def __init__(self, *errors: WaypostError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def update(self, update: Update) -> Item:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return {"pk": update.key.pk, "sk": update.key.sk}


def patient(inner: Refusing) -> Table:
    return PatientTable(inner)  # type: ignore[arg-type]  # only update is called


UPDATE = Update(Key("a", "b"))


def test_what_was_not_done_is_done_again() -> None:
    inner = Refusing(Throttled("wait"), TransactionConflict("somebody writes"))
    assert patient(inner).update(UPDATE) == {"pk": "a", "sk": "b"}
    assert inner.calls == 3


@pytest.mark.parametrize("error", [ConditionFailed("no"), StorageError("it may have been done")])
def test_what_may_have_been_done_is_not_repeated(error: StorageError) -> None:
    inner = Refusing(error)
    with pytest.raises(type(error)):
        patient(inner).update(UPDATE)
    assert inner.calls == 1


def test_patience_ends() -> None:
    inner = Refusing(*[Throttled("wait") for _ in range(100)])
    with pytest.raises(Throttled):
        patient(inner).update(UPDATE)
    assert inner.calls == 10
