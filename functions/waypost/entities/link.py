"""The link by which the person with the phone reaches a session's linking page: one a session, a new one ends the old.

pk SES#{session}   sk LINK   MACs of the link's secret and of the browser that opened it, never the secrets
"""

from dataclasses import dataclass
from typing import Any

from waypost.entities.record import blob, number
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Item, Key, Table, Update, When

_KEPT_SECONDS = 3600  # after its end, so that whoever comes late is told the truth


@dataclass(frozen=True, slots=True)
class Link:
    """`browser` is the MAC of the one browser that may see the page, None until it was opened. `used` says that the
    account was linked by it, so that it shows no code any more."""

    session: str
    mac: bytes
    expires_ms: int
    browser: bytes | None = None
    used: bool = False


def link_key(session: str) -> Key:
    return Key(f"SES#{session}", "LINK")


def put_link(table: Table, link: Link) -> None:
    key = link_key(link.session)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "session": link.session,
        "mac": link.mac,
        "expires_ms": link.expires_ms,
        "browser": link.browser,
        "used": link.used,
        "ttl": link.expires_ms // 1000 + _KEPT_SECONDS,
    }
    table.put(item)


def get_link(table: Table, session: str) -> Link | None:
    item = table.get(link_key(session))
    return None if item is None else _from_item(item)


def take_link(table: Table, link: Link, browser: bytes) -> bool:
    """Bind the link to the first browser that opens it; False when another one was faster."""
    free = When.all(Clause("the same link", "mac", "eq", link.mac), Clause("nobody opened it", "browser", "eq", None))
    return _change(table, link, {"browser": browser}, free)


def use_link(table: Table, link: Link) -> None:
    _change(table, link, {"used": True}, When.all(Clause("the same link", "mac", "eq", link.mac)))


def delete_link(table: Table, session: str) -> None:
    table.delete(link_key(session))


def _change(table: Table, link: Link, values: dict[str, Any], when: When) -> bool:
    try:
        table.update(Update(link_key(link.session), set=values, when=when))
    except ConditionFailed:
        return False
    return True


def _from_item(item: Item) -> Link:
    return Link(
        session=str(item["session"]),
        mac=blob(item, "mac"),
        expires_ms=number(item, "expires_ms"),
        browser=blob(item, "browser") if item.get("browser") is not None else None,
        used=bool(item["used"]),
    )
