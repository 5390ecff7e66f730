"""Bulk runs without a cloud: the function `bulk`, called with what lies on its queue, until nothing is left."""

import json
from typing import Any

from waypost.bootstrap import App
from waypost.domain.consent_settings import ConsentSettings
from waypost.services.consent_settings import save_consent_settings


def work_off(app: App, *, most: int = 50) -> int:
    """How many messages the function handled. None of them fails."""
    from bulk.handler import handler

    handled = 0
    queue = app.engine.queues.queue("runs")
    while handled < most:
        received = queue.receive(limit=1)
        if not received:
            return handled
        event: dict[str, Any] = {"Records": [{"messageId": received[0].message_id, "body": received[0].body}]}
        assert handler(event, None) == {"batchItemFailures": []}
        queue.delete(received[0].receipt)
        handled += 1
    raise AssertionError(f"still not done after {most} messages: {json.dumps(received[0].body)}")


def let_strangers_in(app: App, tenant: str) -> None:
    """Bulk goes to whomever it names: the rule that they are saved has tests of its own."""
    save_consent_settings(tenant, ConsentSettings(bulk_to_saved_only=False), table=app.table, seals=app.seals)
