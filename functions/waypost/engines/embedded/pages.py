"""A query's range of sort keys, its pages, and the cursors between them."""

import base64
import json
import sqlite3

from waypost.engines.embedded.items import MAX_SK_BYTES, check_key_value, decode
from waypost.errors import ValidationError
from waypost.ports import Item, Page

MAX_PAGE_BYTES = 1024 * 1024


def ranges_of(begins_with: str | None, between: tuple[str, str] | None, after: str | None) -> list[tuple[str, str]]:
    """Comparisons of the sort key."""
    if sum(choice is not None for choice in (begins_with, between, after)) > 1:
        raise ValidationError("at most one of begins_with, between and after")
    for bound in (begins_with, after, *(between or ())):
        if bound is not None:
            check_key_value("sk", bound, MAX_SK_BYTES)
    if between is not None:
        if between[0] > between[1]:
            raise ValidationError("between needs its lower end first", field="between")
        return [(">=", between[0]), ("<=", between[1])]
    if after is not None:
        return [(">", after)]
    if begins_with is not None:
        end = _successor(begins_with)
        return [(">=", begins_with), *([("<", end)] if end else [])]
    return []


def _successor(prefix: str) -> str | None:
    """The least string greater than every string with this prefix; None when there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


def page_of(rows: sqlite3.Cursor, limit: int, asked: list[str | None]) -> Page:
    """As DynamoDB cuts: at `limit` or 1 MB, with a cursor then, even when nothing follows."""
    items: list[Item] = []
    size = 0
    place: list[str | int] = []
    for body, *columns in rows:
        size += len(body)
        if items and size > MAX_PAGE_BYTES:
            return Page(items, _cursor(asked, place))
        items.append(decode(body))
        place = columns
    return Page(items, _cursor(asked, place) if len(items) == limit else None)


def _cursor(asked: list[str | None], place: list[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps([*asked, *place]).encode()).decode()


def place_of(cursor: str, asked: list[str | None]) -> list[str | int]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor))
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise ValidationError("the cursor is not one of ours", field="cursor") from error
    if not isinstance(found, list) or len(found) != 5 or found[:2] != asked:
        raise ValidationError("the cursor belongs to another query", field="cursor")
    if not all(isinstance(part, str) or (type(part) is int and 0 <= part < 2**63) for part in found[2:]):
        raise ValidationError("the cursor is not one of ours", field="cursor")
    return found[2:]
