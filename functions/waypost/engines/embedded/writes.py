"""What a transaction's writes may be, whether their conditions hold, and the item that each one leaves."""

from collections.abc import Sequence

from waypost.engines.embedded.conditions import check_when, unmet
from waypost.engines.embedded.items import check_key, key_of
from waypost.errors import ConditionFailed, ValidationError
from waypost.ports import MAX_TRANSACTION_WRITES, Check, Delete, Item, Key, Put, Update, Value, Write


def check_writes(writes: Sequence[Write]) -> list[Key]:
    if not 1 <= len(writes) <= MAX_TRANSACTION_WRITES:
        raise ValidationError(f"a transaction has 1 to {MAX_TRANSACTION_WRITES} writes")
    keys = []
    for write in writes:
        check_when(write.when)
        if isinstance(write, Put):
            keys.append(key_of(write.item))
        else:
            check_key(write.key)
            keys.append(write.key)
        if isinstance(write, Update):
            names = [*write.set, *write.add, *write.remove]
            if len(set(names)) < len(names) or {"pk", "sk"} & set(names):
                raise ValidationError("an update names each attribute once, and never a key")
    if len(set(keys)) < len(keys):
        raise ValidationError("a transaction writes each item once")
    return keys


def check_conditions(writes: Sequence[Write], olds: Sequence[Item | None]) -> None:
    missed = {
        position: names
        for position, (write, old) in enumerate(zip(writes, olds, strict=True))
        if (names := unmet(write.when, old))
    }
    if missed:
        reasons = "; ".join(f"write {position}: {', '.join(names)}" for position, names in missed.items())
        raise ConditionFailed(f"does not hold: {reasons}", failed=tuple(missed))


def written(write: Write, old: Item | None) -> Item | None:
    """The item as it is after the write."""
    if isinstance(write, Put):
        return write.item
    if isinstance(write, Delete):
        return None
    if isinstance(write, Check):
        return old
    item: Item = {"pk": write.key.pk, "sk": write.key.sk, **(old or {}), **write.set}
    for name, amount in write.add.items():
        item[name] = _sum(name, item.get(name, 0), amount)
    for name in write.remove:
        item.pop(name, None)
    return item


def _sum(name: str, value: Value, amount: int) -> int:
    for number in (value, amount):
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValidationError(f"only a number can be added to: {name}", field=name)
    assert isinstance(value, int)
    return value + amount
