"""Reading typed values out of an item, which an engine gives as a plain dict."""

from typing import Any

from waypost.ports import Item


def text(item: Item, name: str) -> str:
    value = item[name]
    assert isinstance(value, str), name
    return value


def text_or_none(item: Item, name: str) -> str | None:
    value = item.get(name)
    assert value is None or isinstance(value, str), name
    return value


def number(item: Item, name: str, default: int = 0) -> int:
    value = item.get(name, default)
    assert isinstance(value, int), name
    return value


def blob(item: Item, name: str) -> bytes:
    value = item[name]
    assert isinstance(value, bytes), name
    return value


def mapping(item: Item, name: str) -> dict[str, Any]:
    value = item.get(name) or {}
    assert isinstance(value, dict), name
    return value
