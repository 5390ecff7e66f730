"""What a tenant has set about consent.

pk TEN#{tenant}   sk CONSENT   sealed under the tenant's key: its texts go out as messages
"""

from waypost.entities.record import blob
from waypost.ports import Key, Table


def get_sealed_settings(table: Table, tenant: str) -> bytes | None:
    item = table.get(_key(tenant))
    return None if item is None else blob(item, "sealed")


def put_sealed_settings(table: Table, tenant: str, sealed: bytes) -> None:
    key = _key(tenant)
    table.put({"pk": key.pk, "sk": key.sk, "tenant": tenant, "sealed": sealed})


def _key(tenant: str) -> Key:
    return Key(f"TEN#{tenant}", "CONSENT")
