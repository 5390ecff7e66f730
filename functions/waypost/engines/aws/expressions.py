"""Named clauses and updates as DynamoDB's expressions, with placeholders for every name and value.

Placeholders keep reserved words and odd names out of the expression: `status` is `#0`, its value `:0`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from waypost.engines.aws.values import to_dynamodb
from waypost.errors import ValidationError
from waypost.ports import Clause, Update, Value, When

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import UniversalAttributeValueTypeDef

MAX_IN = 100  # DynamoDB's limit of operands
_COMPARISONS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ORDERINGS = frozenset(("lt", "le", "gt", "ge"))


class Expressions:
    """The expressions of one write or query, which share their placeholders."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, UniversalAttributeValueTypeDef] = {}

    def name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: Value) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = to_dynamodb(value)
        return placeholder

    def request(self, **expressions: str) -> dict[str, Any]:
        """The expressions that are not empty, as parameters of a request, with what their placeholders stand for."""
        request: dict[str, Any] = {name: expression for name, expression in expressions.items() if expression}
        if self._names:
            request["ExpressionAttributeNames"] = {short: name for name, short in self._names.items()}
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request

    def condition(self, when: When) -> str:
        """Empty when it always holds."""
        if not all(when.any_of):
            return ""
        # AND binds before OR, NOT before both; DynamoDB refuses parentheses that change nothing.
        return " OR ".join(" AND ".join(map(self._clause, group)) for group in when.any_of)

    def update(self, update: Update) -> str:
        _check_names(update)
        sets = [f"{self.name(name)} = {self.value(value)}" for name, value in update.set.items()]
        adds = [f"{self.name(name)} {self.value(amount)}" for name, amount in update.add.items()]
        removes = [self.name(name) for name in update.remove]
        parts = (("SET", sets), ("ADD", adds), ("REMOVE", removes))
        return " ".join(f"{word} {', '.join(actions)}" for word, actions in parts if actions)

    def _clause(self, clause: Clause) -> str:
        _check(clause)
        name = self.name(clause.attribute)
        if clause.op == "absent":
            return f"attribute_not_exists({name})"
        if clause.op == "exists":
            return f"attribute_exists({name})"
        if clause.op == "ne":  # also true of a missing attribute, which equals nothing
            return f"NOT {name} = {self.value(clause.value)}"
        if clause.op == "in":
            return f"{name} IN ({', '.join(map(self.value, _options(clause)))})"
        return f"{name} {_COMPARISONS[clause.op]} {self.value(clause.value)}"


def names_of(when: When) -> str:
    """What a failed condition may have failed on. DynamoDB does not say which clause it was."""
    return ", ".join(dict.fromkeys(clause.name for group in when.any_of for clause in group))


def _check(clause: Clause) -> None:
    """Refuse what DynamoDB refuses, with the clause's name, which its own answer would lack."""
    if clause.op in _ORDERINGS and (
        isinstance(clause.value, bool) or not isinstance(clause.value, str | int | bytes | bytearray | memoryview)
    ):
        raise ValidationError(f"clause {clause.name!r}: only strings, numbers and bytes have an order")
    if clause.op == "in" and not 1 <= len(_options(clause)) <= MAX_IN:
        raise ValidationError(f"clause {clause.name!r}: needs one to {MAX_IN} values")


def _options(clause: Clause) -> Sequence[Value]:
    if isinstance(clause.value, str | bytes) or not isinstance(clause.value, Sequence):
        raise ValidationError(f"clause {clause.name!r}: `in` needs a sequence of values")
    return clause.value


def _check_names(update: Update) -> None:
    names = [*update.set, *update.add, *update.remove]
    if len(set(names)) < len(names) or {"pk", "sk"} & set(names):
        raise ValidationError("an update names each attribute once, and never a key")
    _check_amounts(update.add)


def _check_amounts(amounts: Mapping[str, int]) -> None:
    for name, amount in amounts.items():
        if isinstance(amount, bool) or not isinstance(amount, int):
            raise ValidationError(f"only a number can be added: {name}", field=name)
