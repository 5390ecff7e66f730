"""How an item is checked, measured as DynamoDB measures it, and turned into bytes and back.

Stored form: length of the JSON part (4 bytes), the JSON part, then all byte strings end to end. In the JSON part
`{"$": [offset, length]}` stands for a byte string, and a name that begins with `$` has one more `$` in front.
"""

import json
from collections.abc import Mapping, Sequence

from waypost.errors import TooLarge, ValidationError
from waypost.ports import MAX_ITEM_BYTES, Item, Key, Value

MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024
MAX_DEPTH = 32
_MAX_NUMBER = 10**38


def check_key(key: Key) -> None:
    check_key_value("pk", key.pk, MAX_PK_BYTES)
    check_key_value("sk", key.sk, MAX_SK_BYTES)


def check_key_value(name: str, value: Value, limit: int) -> str:
    """Keys, of the table and of an index, are non-empty strings of at most `limit` bytes."""
    if not isinstance(value, str):
        raise ValidationError(f"key attribute {name} is not a string", field=name)
    if not value:
        raise ValidationError(f"key attribute {name} is empty", field=name)
    if _string_size(value) > limit:
        raise TooLarge(f"key attribute {name} is longer than {limit} bytes", field=name)
    return value


def key_of(item: Item) -> Key:
    return Key(check_key_value("pk", item.get("pk"), MAX_PK_BYTES), check_key_value("sk", item.get("sk"), MAX_SK_BYTES))


def encode(item: Item) -> bytes:
    """Raises ValidationError for what DynamoDB cannot hold, TooLarge beyond its limit."""
    blobs = bytearray()
    packed, size = _pack(item, blobs, 0)
    if size - 3 > MAX_ITEM_BYTES:
        raise TooLarge(f"an item is larger than {MAX_ITEM_BYTES} bytes")
    text = json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((len(text).to_bytes(4), text, blobs))


def decode(body: bytes) -> Item:
    end = 4 + int.from_bytes(body[:4])
    text = body[4:end]
    if b'"$' not in text:
        plain: Item = json.loads(text)
        return plain

    def unpack(found: dict[str, Value]) -> Value:
        place = found.get("$")
        if isinstance(place, list):
            start = end + place[0]
            return body[start : start + place[1]]
        return {name.removeprefix("$"): value for name, value in found.items()}

    item: Item = json.loads(text, object_hook=unpack)
    return item


def _pack(value: Value, blobs: bytearray, depth: int) -> tuple[object, int]:
    """The value for JSON, and its size by DynamoDB's rules."""
    if isinstance(value, str):
        return value, _string_size(value)
    if value is None or isinstance(value, bool):
        return value, 1
    if isinstance(value, int):
        if not -_MAX_NUMBER < value < _MAX_NUMBER:
            raise ValidationError("a number has more than 38 digits")
        return value, len(str(abs(value))) // 2 + 2
    if isinstance(value, bytes | bytearray | memoryview):
        start = len(blobs)
        blobs += value
        return {"$": [start, len(blobs) - start]}, len(blobs) - start
    if depth > MAX_DEPTH:
        raise ValidationError(f"an item is nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        return _pack_mapping(value, blobs, depth)
    if isinstance(value, Sequence):
        parts = [_pack(part, blobs, depth + 1) for part in value]
        return [packed for packed, _ in parts], 3 + sum(size + 1 for _, size in parts)
    raise ValidationError(f"an item cannot hold a {type(value).__name__}")


def _pack_mapping(value: Mapping[str, Value], blobs: bytearray, depth: int) -> tuple[object, int]:
    packed: dict[str, object] = {}
    total = 3
    for name, part in value.items():
        if not isinstance(name, str) or not name:
            raise ValidationError("an attribute's name is a non-empty string")
        inner, size = _pack(part, blobs, depth + 1)
        packed["$" + name if name[0] == "$" else name] = inner
        # DynamoDB counts one byte more for every member of a nested map.
        total += _string_size(name) + size + (1 if depth else 0)
    return packed, total


def _string_size(value: str) -> int:
    if value.isascii():
        return len(value)
    try:
        return len(value.encode())
    except UnicodeEncodeError as error:
        raise ValidationError("a string is not valid Unicode") from error
