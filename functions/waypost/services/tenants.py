"""Tenants and their API keys: made by the operator, checked by the authorizer that HTTP and WebSocket share."""

import base64
import hmac
import os
import time

from waypost.domain.ids import is_id, make_id
from waypost.entities.tenant import ApiKey, get_api_key, list_tenants, put_api_key, put_tenant
from waypost.errors import AuthenticationError
from waypost.ports import Keys, Table

_MEND = "Send a key that `waypost key create` printed, in the header x-api-key."


def create_tenant(table: Table, name: str, tenant_id: str | None = None) -> str:
    """Make a tenant and return its id. Raises ConditionFailed when `tenant_id` is taken."""
    tenant = tenant_id or make_id("ten", os.urandom(16))
    put_tenant(table, tenant, name, _now_ms())
    return tenant


def tenants(table: Table) -> list[tuple[str, str]]:
    """Id and name of every tenant."""
    return list_tenants(table)


def create_api_key(table: Table, keys: Keys, tenant: str, name: str) -> str:
    """Make a key for a tenant and return it, `wp_{key id}_{secret}`. Never shown again: only its MAC is kept."""
    key_id = make_id("key", os.urandom(16))
    secret = base64.b32encode(os.urandom(25)).decode().lower()
    put_api_key(
        table, ApiKey(id=key_id, tenant=tenant, name=name, mac=_mac(keys, key_id, secret), created_ms=_now_ms())
    )
    return f"wp_{key_id}_{secret}"


def check_api_key(table: Table, keys: Keys, presented: str) -> ApiKey:
    """Whose key this is. Raises AuthenticationError, which never tells whether the id or the secret was wrong."""
    prefix, _, rest = presented.strip().partition("_")
    kind, _, tail = rest.partition("_")
    letters, _, secret = tail.partition("_")
    key_id = f"{kind}_{letters}"
    stored = get_api_key(table, key_id) if prefix == "wp" and is_id("key", key_id) else None
    # An unknown id costs the same MAC and comparison as a wrong secret.
    given = _mac(keys, key_id, secret)
    expected = stored.mac if stored is not None else bytes(32)
    if not hmac.compare_digest(given, expected) or stored is None or stored.revoked:
        raise AuthenticationError("This API key is not valid.", mend=_MEND, code="invalid_api_key")
    return stored


def _mac(keys: Keys, key_id: str, secret: str) -> bytes:
    return keys.mac("api-key", f"{key_id}\x00{secret}".encode())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
