"""Registering a webhook endpoint so that a repeated request finds it, changing it, and trying it out."""

import time
from collections.abc import Sequence
from dataclasses import replace

from api.answers import WebhookTest
from api.belongings import own_session
from api.door import canonical
from api.schemas import WebhookChange
from waypost.bootstrap import App
from waypost.domain.event import EventType, rfc3339
from waypost.entities.webhook import Endpoint, get_endpoint, put_endpoint
from waypost.errors import ConditionFailed, NetworkError, ValidationError
from waypost.services.targets import check_url
from waypost.services.webhook_delivery import open_destination, post_event, seal_destination, transport
from waypost.services.webhook_endpoints import Workshop, follow, new_secret, redirect, save, switch

TEST_EVENT = "webhook_test"


def workshop(app: App) -> Workshop:
    return Workshop(app.table, app.seals, app.engine.queues, app.now_ms())


def chosen(events: Sequence[EventType] | None) -> tuple[str, ...]:
    """As an endpoint keeps them: each once, and none for all."""
    return tuple(dict.fromkeys(events or ()))


def register(
    webhook_id: str, *, tenant: str, url: str, events: tuple[str, ...], session: str | None, app: App
) -> tuple[Endpoint, str]:
    """Store a new endpoint under a fresh secret, or find what an earlier try of the same request stored."""
    check_url(url, allow_private=app.settings.allow_private_targets)
    endpoint = Endpoint(
        id=webhook_id,
        tenant=tenant,
        sealed=seal_destination(app.seals, tenant, webhook_id, url=url, secret=new_secret()),
        events=events,
        session=session,
        created_ms=app.now_ms(),
    )
    try:
        put_endpoint(app.table, endpoint)
    except ConditionFailed:
        endpoint = get_endpoint(app.table, tenant, webhook_id) or endpoint
    return endpoint, open_destination(app.seals, endpoint, app.now_ms()).secrets[0]


def change(endpoint: Endpoint, body: WebhookChange, app: App) -> Endpoint:
    """Apply the fields that were given, all at once. Raises ValidationError `nothing_to_change`, and `save`'s."""
    given, shop, after = body.model_fields_set, workshop(app), endpoint
    if not given:
        raise ValidationError(
            "Nothing is to be changed.",
            field="body",
            mend="Give url, events, session_id or enabled.",
            code="nothing_to_change",
        )
    if "url" in given:
        check_url(body.url, allow_private=app.settings.allow_private_targets)
        after = redirect(after, body.url, shop)
    if "events" in given:
        after = replace(after, events=chosen(body.events))
    if "session_id" in given:
        after = follow(after, None if body.session_id is None else own_session(body.session_id).id, shop)
    if "enabled" in given:
        after = switch(after, enabled=body.enabled)
    return save(endpoint, after, shop)


def try_out(endpoint: Endpoint, *, test_id: str, app: App) -> WebhookTest:
    """Post a signed test event once, and say how it went."""
    destination = open_destination(app.seals, endpoint, app.now_ms())
    body = canonical(_test_event(endpoint, test_id, app.now_ms()))
    status, error, delivered = None, None, False
    began = time.monotonic()
    try:
        answer = post_event(destination, test_id, body, transport=transport(app.settings.allow_private_targets))
    except (NetworkError, ValidationError) as failure:
        error = failure.code
    else:
        status, delivered = answer.status, answer.taken
        error = None if delivered else "webhook_answered_badly"
    took = round((time.monotonic() - began) * 1000)
    return WebhookTest(delivered=delivered, status=status, error=error, milliseconds=took)


def _test_event(endpoint: Endpoint, test_id: str, now_ms: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": test_id,
        "source": f"/v1/webhooks/{endpoint.id}",
        "type": TEST_EVENT,
        "subject": endpoint.id,
        "time": rfc3339(now_ms),
        "datacontenttype": "application/json",
        "data": {"webhook_id": endpoint.id},
    }
