"""Registering a webhook endpoint so that a repeated request finds it, and trying one out."""

import base64
import os
import time

from api.answers import WebhookTest
from api.door import canonical
from waypost.bootstrap import App
from waypost.domain.event import rfc3339
from waypost.entities.webhook import Endpoint, get_endpoint, put_endpoint
from waypost.errors import ConditionFailed, NetworkError, ValidationError
from waypost.services.webhook_delivery import Destination, open_destination, post_signed, seal_destination

TEST_EVENT = "webhook_test"
_SECRET_BYTES = 32  # Standard Webhooks: 24 to 64


def register(
    webhook_id: str, *, tenant: str, url: str, events: tuple[str, ...], session: str | None, app: App
) -> tuple[Endpoint, Destination]:
    """Store a new endpoint under a fresh secret, or find what an earlier try of the same request stored."""
    secret = f"whsec_{base64.b64encode(os.urandom(_SECRET_BYTES)).decode()}"
    endpoint = Endpoint(
        id=webhook_id,
        tenant=tenant,
        sealed=seal_destination(app.seals, tenant, webhook_id, url=url, secret=secret),
        events=events,
        session=session,
        created_ms=app.now_ms(),
    )
    try:
        put_endpoint(app.table, endpoint)
    except ConditionFailed:
        endpoint = get_endpoint(app.table, tenant, webhook_id) or endpoint
    return endpoint, destination_of(endpoint, app)


def destination_of(endpoint: Endpoint, app: App) -> Destination:
    return open_destination(app.seals, endpoint.tenant, endpoint.id, endpoint.sealed)


def try_out(endpoint: Endpoint, *, test_id: str, app: App) -> WebhookTest:
    """Post a signed test event once, and say how it went."""
    destination = destination_of(endpoint, app)
    body = canonical(_test_event(endpoint, test_id, app.now_ms()))
    status, error = None, None
    began = time.monotonic()
    try:
        status = post_signed(
            destination.url,
            destination.secrets[0],
            test_id,
            body,
            allow_private=app.settings.allow_private_targets,
        )
    except (NetworkError, ValidationError) as failure:
        error = failure.code
    took = round((time.monotonic() - began) * 1000)
    delivered = status is not None and 200 <= status < 300
    if status is not None and not delivered:
        error = "webhook_answered_badly"
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
