"""Whom a session's account has saved in its address book: nothing but that, without names or numbers (R-PRIV-1).

pk SES#{session}#SAVED   sk {mac}   MAC of (tenant, canonical chat id), for the number and for the LID
"""

from collections.abc import Collection

from waypost.ports import Key, Table


def is_saved(table: Table, session: str, mac: bytes) -> bool:
    return table.get(_key(session, mac)) is not None


def put_saved(table: Table, session: str, mac: bytes) -> None:
    key = _key(session, mac)
    table.put({"pk": key.pk, "sk": key.sk})


def delete_saved(table: Table, session: str, mac: bytes) -> None:
    table.delete(_key(session, mac))


def list_saved(table: Table, session: str) -> Collection[bytes]:
    """All of them: a session knows about a thousand people (R-LIM-7)."""
    found: set[bytes] = set()
    cursor: str | None = None
    while True:
        page = table.query(f"SES#{session}#SAVED", limit=1000, cursor=cursor)
        found |= {bytes.fromhex(str(item["sk"])) for item in page.items}
        cursor = page.cursor
        if cursor is None:
            return found


def _key(session: str, mac: bytes) -> Key:
    return Key(f"SES#{session}#SAVED", mac.hex())
