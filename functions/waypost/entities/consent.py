"""What a person agreed to, as it stands, and every step that led there.

pk CON#{contact}   sk CONSENT              how it stands: read when a message is accepted, and again when it is sent;
                                           in index by_owner as `{tenant}#consents`
pk CON#{contact}   sk CONSENT#{ms}#{id}    one step, never changed; its proof is sealed under the contact's key

A contact belongs to one tenant, so these do too (decision 11).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from waypost.domain.consent import Consent, Standing
from waypost.entities.record import blob, mapping, number, text
from waypost.ports import Check, Clause, Item, Key, Put, Table, When

Step = Literal["given", "withdrawn", "opted_out", "returned"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step. `purpose` is empty where it concerns all; `by` is the API key or `keyword`; `sealed` holds the proof
    (`{"proof": text or null}`). `at_ms` is when it happened, `recorded_ms` when we learnt of it."""

    id: str
    contact: str
    tenant: str
    step: Step
    purpose: str
    means: str
    by: str
    at_ms: int
    until_ms: int
    recorded_ms: int
    sealed: bytes


def get_standing(table: Table, contact: str) -> Standing:
    item = table.get(_key(contact))
    return Standing() if item is None else _standing(item)


def standing_write(contact: str, tenant: str, before: Standing, after: Standing) -> Put:
    """The write of how it stands now; its condition fails when it changed since `before` was read."""
    key = _key(contact)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "contact": contact,
        "tenant": tenant,
        "consents": {purpose: asdict(consent) for purpose, consent in after.consents.items()},
        "opted_out_ms": after.opted_out_ms,
        "opted_out_by": after.opted_out_by,
        "token": after.token,
        "confirmation": after.confirmation,
        "noticed_by": after.noticed_by,
        "noticed_ms": after.noticed_ms,
        "version": before.version + 1,
        "owner_pk": f"{tenant}#consents",
        "owner_sk": contact,
    }
    return Put(item, _unchanged(before))


def still_standing(contact: str, standing: Standing) -> Check:
    """Holds while nothing changed since it was read: what is written in one transaction with it obeys it (P7)."""
    return Check(_key(contact), _unchanged(standing))


def record_write(recorded: Recorded) -> Put:
    """The write of one step; its condition fails when the step was recorded before."""
    item: Item = {
        "pk": f"CON#{recorded.contact}",
        "sk": f"CONSENT#{recorded.recorded_ms:013d}#{recorded.id}",
        **asdict(recorded),
    }
    return Put(item, When.all(Clause("is new", "pk", "absent")))


def list_recorded(table: Table, contact: str, *, limit: int, cursor: str | None) -> tuple[list[Recorded], str | None]:
    """The steps, the newest first."""
    page = table.query(f"CON#{contact}", begins_with="CONSENT#", limit=limit, cursor=cursor, descending=True)
    return [_recorded(item) for item in page.items], page.cursor


def list_standings(
    table: Table, tenant: str, *, limit: int, cursor: str | None
) -> tuple[list[tuple[str, Standing]], str | None]:
    """Contact and standing of everybody of whom something is recorded, in the order of the contacts' ids."""
    page = table.query(f"{tenant}#consents", index="by_owner", limit=limit, cursor=cursor)
    return [(text(item, "contact"), _standing(item)) for item in page.items], page.cursor


def _key(contact: str) -> Key:
    return Key(f"CON#{contact}", "CONSENT")


def _unchanged(standing: Standing) -> When:
    if standing.version == 0:
        return When.all(Clause("nothing was recorded", "pk", "absent"))
    return When.all(Clause("nobody changed it since", "version", "eq", standing.version))


def _standing(item: Item) -> Standing:
    return Standing(
        consents={purpose: _consent(stored) for purpose, stored in mapping(item, "consents").items()},
        opted_out_ms=number(item, "opted_out_ms"),
        opted_out_by=text(item, "opted_out_by"),
        token=text(item, "token"),
        confirmation=text(item, "confirmation"),
        noticed_by=text(item, "noticed_by"),
        noticed_ms=number(item, "noticed_ms"),
        version=number(item, "version"),
    )


def _consent(stored: Mapping[str, Any]) -> Consent:
    return Consent(**stored)


def _recorded(item: Item) -> Recorded:
    return Recorded(
        id=text(item, "id"),
        contact=text(item, "contact"),
        tenant=text(item, "tenant"),
        step=cast(Step, text(item, "step")),
        purpose=text(item, "purpose"),
        means=text(item, "means"),
        by=text(item, "by"),
        at_ms=number(item, "at_ms"),
        until_ms=number(item, "until_ms"),
        recorded_ms=number(item, "recorded_ms"),
        sealed=blob(item, "sealed"),
    )
