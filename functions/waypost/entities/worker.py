"""What each worker has in hand, said by itself every few seconds, for the others to place sessions by.

pk WORKERS   sk {worker}   gone by `ttl` when the worker is
"""

from waypost.domain.placement import Load
from waypost.entities.record import number, text
from waypost.ports import Key, Table

_PARTS = 10_000  # shares are kept as whole numbers
_TTL_SECONDS = 3600


def worker_key(worker: str) -> Key:
    return Key("WORKERS", worker)


def put_load(table: Table, load: Load, now_ms: int) -> None:
    key = worker_key(load.worker)
    table.put(
        {
            "pk": key.pk,
            "sk": key.sk,
            "used": load.used,
            "slots": load.slots,
            "memory": round(load.memory * _PARTS),
            "seen_ms": now_ms,
            "ttl": now_ms // 1000 + _TTL_SECONDS,
        }
    )


def forget_worker(table: Table, worker: str) -> None:
    table.delete(worker_key(worker))


def list_loads(table: Table, *, since_ms: int) -> list[Load]:
    """Of the workers that spoke since then."""
    loads: list[Load] = []
    cursor: str | None = None
    while True:
        page = table.query("WORKERS", limit=1000, cursor=cursor)
        loads.extend(
            Load(text(item, "sk"), number(item, "used"), number(item, "slots"), number(item, "memory") / _PARTS)
            for item in page.items
            if number(item, "seen_ms") >= since_ms
        )
        cursor = page.cursor
        if cursor is None:
            return loads
