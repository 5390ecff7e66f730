"""What became of a webhook's posts, and posting again: the delivery log, dead letters, part of a session's log."""

from api.answers import DeadLetters, Deliveries, Redelivery
from api.answers import Replay as ReplayAnswer
from api.belongings import own_session, own_webhook
from api.parameters import Cursor, Limit, WebhookId
from api.resolver import Router
from api.schemas import DeadLetterChoice, EventRange
from api.webhook_views import dead_letter_view, delivery_view
from waypost import bootstrap
from waypost.domain.lease import Head
from waypost.entities.head import get_head
from waypost.entities.webhook_dead import list_dead
from waypost.entities.webhook_log import list_attempts
from waypost.errors import NotFound, ValidationError
from waypost.services.webhook_redelivery import Post, redeliver_all, redeliver_ids, replay

router = Router()
_TAGS = ["webhooks"]


@router.get("/v1/webhooks/<webhook_id>/deliveries", tags=_TAGS, summary="List a webhook's latest posts, newest first")
def deliveries(webhook_id: WebhookId, limit: Limit = 50, cursor: Cursor = None) -> Deliveries:
    """Of each: when, which event, the status, how long it took. A post is listed a moment after it was made."""
    app, endpoint = bootstrap.app(), own_webhook(webhook_id)
    found, following = list_attempts(app.table, endpoint.id, limit=limit, now_ms=app.now_ms(), before=_number(cursor))
    return Deliveries(
        deliveries=[delivery_view(logged.attempt) for logged in found],
        next_cursor=None if following is None else str(following),
    )


@router.get("/v1/webhooks/<webhook_id>/dead-letters", tags=_TAGS, summary="List the events that were given up")
def dead_letters(webhook_id: WebhookId, limit: Limit = 50, cursor: Cursor = None) -> DeadLetters:
    """Each with the reason, kept for 30 days: what was tried for three days, or owed to a disabled webhook."""
    app, endpoint = bootstrap.app(), own_webhook(webhook_id)
    found, following = list_dead(app.table, endpoint.id, limit=limit, cursor=cursor)
    return DeadLetters(dead_letters=[dead_letter_view(dead) for dead in found], next_cursor=following)


@router.post(
    "/v1/webhooks/<webhook_id>/dead-letters/redeliver", status_code=202, tags=_TAGS, summary="Post dead letters again"
)
def redeliver_dead(webhook_id: WebhookId, body: DeadLetterChoice) -> Redelivery:
    """In order per chat, in front of what is newer, with three days of tries. The ids of the events stay."""
    endpoint, post = own_webhook(webhook_id), _post()
    if (body.ids is None) == (body.all is None):
        raise ValidationError(
            "Either `ids` or `all` is needed, and not both.",
            field="ids",
            mend='Give "ids": ["evt_…"] or "all": true.',
            code="ids_or_all",
        )
    queued = redeliver_all(endpoint, post) if body.ids is None else redeliver_ids(endpoint, body.ids, post)
    return Redelivery(queued=queued.count, more=queued.more, unknown=list(queued.unknown))


@router.post("/v1/webhooks/<webhook_id>/redeliver", status_code=202, tags=_TAGS, summary="Post part of a log again")
def redeliver(webhook_id: WebhookId, body: EventRange) -> ReplayAnswer:
    """Everything that the webhook follows behind `after` and up to `until`, in order per chat, delivered before or
    not. Receivers know by an event's id what they have already."""
    endpoint, head = own_webhook(webhook_id), _head(own_session(body.session_id).id)
    done = replay(endpoint, head, body.generation or head.generation, body.after, body.until, _post())
    return ReplayAnswer(queued=done.count, next_after=done.reached, more=done.more)


def _post() -> Post:
    app = bootstrap.app()
    return Post(app.table, app.engine.queues, app.now_ms())


def _head(session: str) -> Head:
    head = get_head(bootstrap.app().table, session)
    if head is None:
        raise NotFound("There is no such session.", field="session_id", code="session_not_found")
    return head


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and 0 < len(cursor) <= 12):
        raise ValidationError("This is not a cursor of this list.", field="cursor")
    return int(cursor)
