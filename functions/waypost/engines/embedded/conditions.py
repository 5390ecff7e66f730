"""Whether a named condition holds on a stored item, compared as DynamoDB compares.

Values of different types are never equal and have no order; numbers compare as numbers, strings by their UTF-8
bytes (which is Python's order of code points).
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from waypost.errors import ValidationError
from waypost.ports import Clause, Item, Value, When

MAX_IN = 100  # DynamoDB's limit of operands

_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def check_when(when: When) -> None:
    """Refuse what DynamoDB refuses, whatever the item holds."""
    for group in when.any_of:
        for clause in group:
            if clause.op in _ORDERINGS and _kind(clause.value) not in ("S", "N", "B"):
                raise ValidationError(f"clause {clause.name!r}: only strings, numbers and bytes have an order")
            if clause.op == "in" and not 1 <= len(_options(clause)) <= MAX_IN:
                raise ValidationError(f"clause {clause.name!r}: needs one to {MAX_IN} values")


def unmet(when: When, item: Item | None) -> tuple[str, ...]:
    """The names of the clauses that kept the condition from holding; empty when it holds."""
    names: list[str] = []
    for group in when.any_of:
        missed = [clause.name for clause in group if not _holds(clause, item)]
        if not missed:
            return ()
        names += missed
    return tuple(dict.fromkeys(names))


def same(left: Value, right: Value) -> bool:
    """Equality that tells True from 1."""
    kind = _kind(left)
    if kind != _kind(right):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if kind == "L" and isinstance(left, Sequence) and isinstance(right, Sequence):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def _holds(clause: Clause, item: Item | None) -> bool:
    present = item is not None and clause.attribute in item
    if clause.op in ("absent", "exists"):
        return present == (clause.op == "exists")
    if item is None or not present:
        return clause.op == "ne"
    stored = item[clause.attribute]
    if clause.op == "in":
        return any(same(stored, option) for option in _options(clause))
    if clause.op in ("eq", "ne"):
        return same(stored, clause.value) == (clause.op == "eq")
    return _kind(stored) == _kind(clause.value) and _ORDERINGS[clause.op](stored, clause.value)


def _options(clause: Clause) -> Sequence[Value]:
    if isinstance(clause.value, str | bytes) or not isinstance(clause.value, Sequence):
        raise ValidationError(f"clause {clause.name!r}: `in` needs a sequence of values")
    return clause.value


def _kind(value: Value) -> str:
    """DynamoDB's name of the type."""
    if value is None:
        return "NULL"
    for kind, types in _KINDS:
        if isinstance(value, types):
            return kind
    raise ValidationError(f"a condition cannot compare a {type(value).__name__}")


# bool before int: in Python a bool is an int.
_KINDS: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("S", str),
    ("BOOL", bool),
    ("N", int),
    ("B", (bytes, bytearray, memoryview)),
    ("M", Mapping),
    ("L", Sequence),
)
