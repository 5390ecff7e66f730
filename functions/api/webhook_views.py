"""Webhooks on the wire: the endpoint with its state, its posts, and what was given up."""

from typing import Any

from api import answers
from waypost.bootstrap import App
from waypost.domain.event import EVENT_TYPES, event_id, rfc3339
from waypost.entities.webhook import Endpoint
from waypost.entities.webhook_dead import DeadEvent
from waypost.entities.webhook_log import Attempt
from waypost.services.webhook_delivery import open_destination
from waypost.services.webhook_state import state_of


def webhook_view(endpoint: Endpoint, app: App) -> answers.Webhook:
    return answers.Webhook(**_webhook(endpoint, app))


def new_secret_view(endpoint: Endpoint, secret: str, app: App) -> answers.WebhookWithSecret:
    return answers.WebhookWithSecret(**_webhook(endpoint, app), secret=secret)


def delivery_view(attempt: Attempt) -> answers.Delivery:
    return answers.Delivery(
        at=rfc3339(attempt.at_ms),
        event_id=attempt.event,
        attempt=attempt.attempt,
        delivered=attempt.error is None,
        status=attempt.status,
        milliseconds=attempt.milliseconds,
        error=attempt.error,
    )


def dead_letter_view(dead: DeadEvent) -> answers.DeadLetter:
    return answers.DeadLetter(
        id=event_id(dead.session, dead.generation, dead.number),
        session_id=dead.session,
        generation=dead.generation,
        sequence=dead.number,
        reason=dead.reason,
        died_at=rfc3339(dead.died_ms),
    )


def _webhook(endpoint: Endpoint, app: App) -> dict[str, Any]:
    state, now_ms = state_of(endpoint, app.table), app.now_ms()
    until_ms = endpoint.rotating_until_ms
    return {
        "id": endpoint.id,
        "url": open_destination(app.seals, endpoint, now_ms).url,
        "events": endpoint.events or EVENT_TYPES,
        "session_id": endpoint.session,
        "disabled": endpoint.disabled,
        "created_at": rfc3339(endpoint.created_ms),
        "state": state.condition,
        "pending": state.pending,
        "oldest_pending_at": _time(state.oldest_pending_ms),
        "last_delivered_at": _time(state.delivered_ms),
        "last_failed_at": _time(state.failed_ms),
        "last_error": state.error,
        "rotating_until": rfc3339(until_ms) if now_ms < until_ms else None,
    }


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else rfc3339(time_ms)
