"""Which messages wait for a file.

pk MED#{media}   sk WAIT#{message}    from the message's acceptance until it was woken
"""

from waypost.entities.media import KEEP_SECONDS, media_key, unsettled_check
from waypost.entities.record import text
from waypost.ports import Item, Key, Put, Table, Write


def wait_writes(media: str, message: str, now_ms: int) -> tuple[Write, ...]:
    """The writes that let a message wait. A condition fails when the file is settled: then nobody would wake it."""
    return unsettled_check(media), Put(_item(media, message, now_ms))


def put_wait(table: Table, media: str, message: str, now_ms: int) -> None:
    """Let it wait, whatever the file's state; whoever says so looks at the state afterwards."""
    table.put(_item(media, message, now_ms))


def list_waits(table: Table, media: str, *, limit: int = 100) -> list[str]:
    """Messages that wait for a file: some of them."""
    page = table.query(media_key(media).pk, begins_with="WAIT#", limit=limit)
    return [text(item, "message") for item in page.items]


def forget_wait(table: Table, media: str, message: str) -> None:
    table.delete(_key(media, message))


def _key(media: str, message: str) -> Key:
    return Key(media_key(media).pk, f"WAIT#{message}")


def _item(media: str, message: str, now_ms: int) -> Item:
    key = _key(media, message)
    return {"pk": key.pk, "sk": key.sk, "message": message, "ttl": now_ms // 1000 + KEEP_SECONDS}
