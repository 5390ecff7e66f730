"""A tenant and its API keys.

    pk TEN#{tenant}   sk TENANT     the tenant
    pk APIKEY#{key}   sk -          one API key: a MAC of its secret, never the secret

Both are in index by_owner: `tenants`, and `{tenant}#keys`.
"""

from dataclasses import dataclass

from waypost.entities.record import blob, number, text
from waypost.ports import Clause, Item, Key, Table, When

_ABSENT = When.all(Clause("is new", "pk", "absent"))


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    tenant: str
    name: str
    mac: bytes
    created_ms: int
    revoked: bool = False


def tenant_key(tenant: str) -> Key:
    return Key(f"TEN#{tenant}", "TENANT")


def api_key_key(key_id: str) -> Key:
    return Key(f"APIKEY#{key_id}", "-")


def put_tenant(table: Table, tenant: str, name: str, now_ms: int) -> None:
    """Raises ConditionFailed when the tenant exists."""
    key = tenant_key(tenant)
    table.put(
        {
            "pk": key.pk,
            "sk": key.sk,
            "tenant": tenant,
            "name": name,
            "created_ms": now_ms,
            "owner_pk": "tenants",
            "owner_sk": tenant,
        },
        when=_ABSENT,
    )


def list_tenants(table: Table) -> list[tuple[str, str]]:
    """Id and name of every tenant, by id."""
    page = table.query("tenants", index="by_owner", limit=1000)
    return [(str(item["tenant"]), str(item["name"])) for item in page.items]


def put_api_key(table: Table, key: ApiKey) -> None:
    where = api_key_key(key.id)
    table.put(
        {
            "pk": where.pk,
            "sk": where.sk,
            "id": key.id,
            "tenant": key.tenant,
            "name": key.name,
            "mac": key.mac,
            "created_ms": key.created_ms,
            "revoked": key.revoked,
            "owner_pk": f"{key.tenant}#keys",
            "owner_sk": key.id,
        },
        when=_ABSENT,
    )


def get_api_key(table: Table, key_id: str) -> ApiKey | None:
    item = table.get(api_key_key(key_id))
    return None if item is None else _from_item(item)


def _from_item(item: Item) -> ApiKey:
    return ApiKey(
        id=text(item, "id"),
        tenant=text(item, "tenant"),
        name=text(item, "name"),
        mac=blob(item, "mac"),
        created_ms=number(item, "created_ms"),
        revoked=bool(item["revoked"]),
    )
