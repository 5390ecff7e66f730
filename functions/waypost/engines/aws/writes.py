"""Our writes as DynamoDB's: one entry of TransactWriteItems each, and what a cancelled transaction says about them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from waypost.engines.aws.expressions import Expressions, names_of
from waypost.engines.aws.failures import translated
from waypost.engines.aws.values import MAX_PK_BYTES, MAX_SK_BYTES, check_key_value, key_attributes, to_attributes
from waypost.errors import ConditionFailed, StorageError, ValidationError, WaypostError
from waypost.ports import MAX_TRANSACTION_WRITES, Check, Delete, Item, Key, Put, Update, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_NO_ATTRIBUTE = "-"  # removing what is never there: in a transaction an update must say something


def transaction(table: str, writes: Sequence[Write]) -> "list[TransactWriteItemTypeDef]":
    if not 1 <= len(writes) <= MAX_TRANSACTION_WRITES:
        raise ValidationError(f"a transaction has 1 to {MAX_TRANSACTION_WRITES} writes")
    if len({key_of(write) for write in writes}) < len(writes):
        raise ValidationError("a transaction writes each item once")
    return [_entry(table, write) for write in writes]


def key_of(write: Write) -> Key:
    return item_key(write.item) if isinstance(write, Put) else write.key


def item_key(item: Item) -> Key:
    return Key(check_key_value("pk", item.get("pk"), MAX_PK_BYTES), check_key_value("sk", item.get("sk"), MAX_SK_BYTES))


def why_cancelled(reasons: Sequence[Mapping[str, Any]], writes: Sequence[Write]) -> WaypostError:
    """What weighs most: what no retry mends, then a refusal for now, then the conditions that failed."""
    codes = [str(reason.get("Code", "None")) for reason in reasons]
    others = [
        translated(code, "the table", str(reason.get("Message", "")))
        for code, reason in zip(codes, reasons, strict=True)
        if code not in ("None", "ConditionalCheckFailed")
    ]
    if others:
        return min(others, key=lambda error: isinstance(error, StorageError))
    failed = tuple(position for position, code in enumerate(codes) if code == "ConditionalCheckFailed")
    return condition_failed(writes, failed)


def condition_failed(writes: Sequence[Write], failed: tuple[int, ...]) -> ConditionFailed:
    reasons = "; ".join(f"write {position}: {names_of(writes[position].when)}" for position in failed)
    return ConditionFailed(f"does not hold: {reasons}", failed=failed)


def _entry(table: str, write: Write) -> "TransactWriteItemTypeDef":
    expressions = Expressions()
    condition = expressions.condition(write.when)
    entry: dict[str, Any] = {"TableName": table}
    match write:
        case Put():
            kind = "Put"
            item_key(write.item)
            entry["Item"] = to_attributes(write.item)
        case Delete():
            kind = "Delete"
        case Check():
            kind = "ConditionCheck"
            if not condition:  # DynamoDB wants one; this one always holds
                condition = f"attribute_exists({expressions.name('pk')}) OR attribute_not_exists(#0)"
        case Update():
            kind = "Update"
            entry["UpdateExpression"] = expressions.update(write) or f"REMOVE {expressions.name(_NO_ATTRIBUTE)}"
    if not isinstance(write, Put):
        entry["Key"] = key_attributes(write.key)
    typed: TransactWriteItemTypeDef = {kind: entry | expressions.request(ConditionExpression=condition)}  # type: ignore[misc]  # one of four
    return typed
