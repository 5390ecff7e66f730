"""Values as DynamoDB spells them, `{"S": "text"}`, and back; what it cannot hold is refused here.

The types decide, not the look: True is BOOL and never N, bytes stay bytes, tuples become lists.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from waypost.errors import TooLarge, ValidationError
from waypost.ports import Item, Key, Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UniversalAttributeValueTypeDef

MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024
_MAX_NUMBER = 10**38  # DynamoDB keeps 38 digits, and rounds nothing


def to_dynamodb(value: Value) -> "UniversalAttributeValueTypeDef":
    if isinstance(value, str):
        _size(value)
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):  # before int: in Python a bool is one
        return {"BOOL": value}
    if isinstance(value, int):
        if not -_MAX_NUMBER < value < _MAX_NUMBER:
            raise ValidationError("a number has more than 38 digits")
        return {"N": str(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"B": bytes(value)}
    if isinstance(value, Mapping):
        return {"M": to_attributes(value)}
    if isinstance(value, Sequence):
        return {"L": [to_dynamodb(part) for part in value]}
    raise ValidationError(f"an item cannot hold a {type(value).__name__}")


def to_attributes(item: Mapping[str, Value]) -> "dict[str, UniversalAttributeValueTypeDef]":
    for name in item:
        if not isinstance(name, str) or not name:
            raise ValidationError("an attribute's name is a non-empty string")
    return {name: to_dynamodb(value) for name, value in item.items()}


def from_dynamodb(attribute: "AttributeValueTypeDef") -> Value:
    match attribute:
        case {"S": str(text)}:
            return text
        case {"N": str(digits)}:
            return int(digits)
        case {"B": bytes(data)}:
            return data
        case {"BOOL": bool(flag)}:
            return flag
        case {"NULL": _}:
            return None
        case {"M": dict(members)}:
            return {name: from_dynamodb(member) for name, member in members.items()}
        case {"L": list(members)}:
            return [from_dynamodb(member) for member in members]
    raise ValidationError("an item holds what Waypost never writes: a set")


def from_attributes(attributes: "Mapping[str, AttributeValueTypeDef]") -> Item:
    return {name: from_dynamodb(attribute) for name, attribute in attributes.items()}


def key_attributes(key: Key) -> "dict[str, UniversalAttributeValueTypeDef]":
    check_key_value("pk", key.pk, MAX_PK_BYTES)
    check_key_value("sk", key.sk, MAX_SK_BYTES)
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def check_key_value(name: str, value: Value, limit: int) -> str:
    if not isinstance(value, str):
        raise ValidationError(f"key attribute {name} is not a string", field=name)
    if not value:
        raise ValidationError(f"key attribute {name} is empty", field=name)
    if _size(value) > limit:
        raise TooLarge(f"key attribute {name} is longer than {limit} bytes", field=name)
    return value


def _size(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ValidationError("a string is not valid Unicode") from None
