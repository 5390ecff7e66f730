"""Reading and writing what a tenant has set about consent. Read anew each time: a policy holds as soon as it is set."""

from dataclasses import asdict
from typing import Any

from waypost.domain.consent_settings import ConsentSettings
from waypost.entities.consent_settings import get_sealed_settings, put_sealed_settings
from waypost.ports import Table
from waypost.services.sealing import Seals

_PURPOSE = "consent-settings"
_LISTS = ("stop_words", "start_words")


def consent_settings(tenant: str, *, table: Table, seals: Seals) -> ConsentSettings:
    """The defaults where nothing was set."""
    sealed = get_sealed_settings(table, tenant)
    if sealed is None:
        return ConsentSettings()
    stored: dict[str, Any] = seals.open_json(tenant, tenant, _PURPOSE, sealed)
    lists: dict[str, Any] = {name: tuple(stored[name]) for name in _LISTS}
    return ConsentSettings(**{**stored, **lists})


def save_consent_settings(tenant: str, settings: ConsentSettings, *, table: Table, seals: Seals) -> None:
    put_sealed_settings(table, tenant, seals.seal_json(tenant, tenant, _PURPOSE, asdict(settings)))
