"""Whether a chat id is on WhatsApp, as it was answered not long ago.

pk EXISTS#{mac}   sk -   MAC of (tenant, canonical chat id); the answer is sealed under the tenant's key
"""

from waypost.entities.record import blob, number
from waypost.ports import Key, Table


def get_existence(table: Table, mac: bytes, now_ms: int) -> bytes | None:
    item = table.get(Key(f"EXISTS#{mac.hex()}", "-"))
    return None if item is None or number(item, "until_ms") <= now_ms else blob(item, "sealed")


def put_existence(table: Table, mac: bytes, sealed: bytes, until_ms: int) -> None:
    table.put({"pk": f"EXISTS#{mac.hex()}", "sk": "-", "sealed": sealed, "until_ms": until_ms, "ttl": until_ms // 1000})
