"""The tenant and the API key that the first start makes, so that there is something to try with."""

from pathlib import Path

from infra.local.builder import engine_of
from infra.local.home import Home
from waypost.services.tenants import create_api_key, create_tenant, tenants

FIRST_TENANT = "default"


def first_key(home: Home) -> str:
    """The key in `api-key`. Made once; it is kept in plain text, for its owner only, because `status` shows it."""
    with engine_of(home.path) as engine:
        key = home.api_key
        if key is None:
            known = {name: tenant for tenant, name in tenants(engine.main)}
            tenant = known.get(FIRST_TENANT) or create_tenant(engine.main, FIRST_TENANT)
            key = create_api_key(engine.main, engine.keys, tenant, "first")
            home.keep_api_key(key)
    return key


def new_tenant(home: Path, name: str) -> str:
    with engine_of(home) as engine:
        return create_tenant(engine.main, name)


def new_key(home: Path, tenant: str, name: str) -> str:
    """Raises KeyError when there is no such tenant; it may be given by id or by name."""
    with engine_of(home) as engine:
        known = {alias: one for one, label in tenants(engine.main) for alias in (label, one)}
        return create_api_key(engine.main, engine.keys, known[tenant], name)
