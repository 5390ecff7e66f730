"""Changing a webhook endpoint: where it goes, what it follows, whether it is posted to, and its secret.

Two secrets are live while one is being changed, so that a receiver never meets a signature that it cannot check:

    rotate   the new secret and the old one sign, for at most ROTATION_SECONDS
    finish   the old one signs no more
"""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.entities.session import list_sessions
from waypost.entities.webhook import Endpoint, change_endpoint
from waypost.errors import ConditionFailed, Conflict
from waypost.ports import Queues, Table
from waypost.services.sealing import Seals
from waypost.services.webhook_delivery import Destination, open_destination, seal_destination
from waypost.services.webhook_nudges import nudge_fan_out

ROTATION_SECONDS = 24 * 3600
PAUSED = "paused by request"
_SECRET_BYTES = 32  # Standard Webhooks: 24 to 64
_NUDGED_AT_ONCE = 100  # the sweeper finds the others within a minute


@dataclass(frozen=True, slots=True)
class Workshop:
    """What changing an endpoint needs."""

    table: Table
    seals: Seals
    queues: Queues
    now_ms: int


def new_secret() -> str:
    return f"whsec_{base64.b64encode(os.urandom(_SECRET_BYTES)).decode()}"


def redirect(endpoint: Endpoint, url: str, shop: Workshop) -> Endpoint:
    """The endpoint with another address; its secrets stay. Nothing is written yet."""
    old = open_destination(shop.seals, endpoint, shop.now_ms)
    return replace(endpoint, sealed=_sealed(endpoint, replace(old, url=url), shop))


def follow(endpoint: Endpoint, session: str | None, shop: Workshop) -> Endpoint:
    """The endpoint with another session, or all (None). It gets what happens from now on, not what it did not follow
    before. Nothing is written yet."""
    if session == endpoint.session:
        return endpoint
    return replace(endpoint, session=session, scope=endpoint.scope + 1, since_ms=shop.now_ms)


def switch(endpoint: Endpoint, *, enabled: bool) -> Endpoint:
    """The endpoint active, or paused. Nothing is written yet."""
    if enabled:
        return replace(endpoint, disabled=None)
    return replace(endpoint, disabled=endpoint.disabled or PAUSED)


def save(before: Endpoint, after: Endpoint, shop: Workshop) -> Endpoint:
    """Write the change; what happened while it was disabled is fanned out now. Raises Conflict `webhook_changed`."""
    try:
        change_endpoint(shop.table, before, after)
    except ConditionFailed:
        raise Conflict(
            "Somebody else has just changed or deleted this webhook.",
            field="webhook_id",
            mend="Get it again, then repeat the change.",
            code="webhook_changed",
        ) from None
    if before.disabled is not None and after.disabled is None:
        _catch_up(after, shop)
    return after


def rotate_secret(endpoint: Endpoint, rotation: str, shop: Workshop) -> tuple[Endpoint, str]:
    """Make a second secret live and return it. A repetition of the same request (`rotation`) gets the same one.

    Raises Conflict `rotation_in_progress`, `webhook_changed`.
    """
    old = open_destination(shop.seals, endpoint, shop.now_ms)
    if old.rotation == rotation:
        return endpoint, old.secrets[0]
    if len(old.secrets) > 1:
        raise Conflict(
            "Two secrets of this webhook are live already.",
            field="webhook_id",
            mend="Finish the change with POST /v1/webhooks/{id}/rotate-secret/finish, then begin the next.",
            code="rotation_in_progress",
        )
    secret = new_secret()
    fresh = Destination(old.url, (secret, old.secrets[0]), rotation)
    until_ms = shop.now_ms + ROTATION_SECONDS * 1000
    after = replace(endpoint, sealed=_sealed(endpoint, fresh, shop), rotating_until_ms=until_ms)
    return save(endpoint, after, shop), secret


def finish_rotation(endpoint: Endpoint, shop: Workshop) -> Endpoint:
    """Let the older secret sign no more. Harmless when there is none. Raises Conflict `webhook_changed`."""
    if endpoint.rotating_until_ms == 0:
        return endpoint
    old = open_destination(shop.seals, endpoint, shop.now_ms)
    alone = replace(old, secrets=old.secrets[:1])
    return save(endpoint, replace(endpoint, sealed=_sealed(endpoint, alone, shop), rotating_until_ms=0), shop)


def _sealed(endpoint: Endpoint, destination: Destination, shop: Workshop) -> bytes:
    newest, *older = destination.secrets
    return seal_destination(
        shop.seals,
        endpoint.tenant,
        endpoint.id,
        url=destination.url,
        secret=newest,
        older=older,
        rotation=destination.rotation,
    )


def _catch_up(endpoint: Endpoint, shop: Workshop) -> None:
    """Nudge the fan-out: it goes on where it stood when the endpoint was disabled."""
    for session in _followed(endpoint, shop.table):
        nudge_fan_out(session, 0, queues=shop.queues)


def _followed(endpoint: Endpoint, table: Table) -> Sequence[str]:
    if endpoint.session is not None:
        return [endpoint.session]
    return [session.id for session in list_sessions(table, endpoint.tenant, limit=_NUDGED_AT_ONCE, cursor=None)[0]]
