"""Messages: send, list a chat, look at one, take one back while that is possible."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from api.answers import Message as MessageAnswer
from api.answers import Messages
from api.belongings import own_message, own_session
from api.chat_names import contact_of
from api.contents import content_of, fetched, kind_of
from api.current import current
from api.message_schemas import NewMessage
from api.parameters import Cursor, Limit, MessageId, Order, SessionId
from api.queue_schemas import AcceptedMessage
from api.resolver import Router
from api.schemas import MAX_ADDRESS
from api.views import accepted_view, message_view
from waypost import bootstrap
from waypost.domain.addresses import parse_address
from waypost.domain.times import parse_time
from waypost.domain.wanted import Template, Wanted
from waypost.entities.message import list_messages
from waypost.services.accepting import accept
from waypost.services.sending import cancel as cancel_message

router = Router()
_TAGS = ["messages"]

ChatParameter = Annotated[
    str,
    Query(
        max_length=MAX_ADDRESS, description="A chat id, a number, or a `contact_id`.", examples=["4915112345678@c.us"]
    ),
]


@router.post("/v1/sessions/<session_id>/messages", status_code=202, tags=_TAGS, summary="Send a message")
def send(session_id: SessionId, body: NewMessage) -> AcceptedMessage:
    """Accepts a message: a text, a file with or without a caption, a place, cards, a poll. It is sent in order within
    its chat and lane; its status tells how far it has come. One whose file is not ready yet waits for it, and what
    comes after it in the chat waits behind it."""
    app, session = bootstrap.app(), own_session(session_id)
    message = accept(
        fetched(wanted_of(body), body),
        message_id=current().make_id("msg"),
        session=session,
        now_ms=app.now_ms(),
        table=app.table,
        queues=app.engine.queues,
        seals=app.seals,
        contacts=app.contacts,
        backlog=app.backlog,
    )
    return accepted_view(message, session, app)


@router.get("/v1/sessions/<session_id>/messages", tags=_TAGS, summary="List a chat's messages")
def list_chat(
    session_id: SessionId, chat: ChatParameter, limit: Limit = 50, cursor: Cursor = None, order: Order = "asc"
) -> Messages:
    """A chat that nobody has written in is an empty list."""
    app = bootstrap.app()
    session, contact = own_session(session_id), contact_of(chat)
    if contact is None:
        return Messages(messages=[], next_cursor=None)
    found, following = list_messages(
        app.table, session.id, contact, limit=limit, cursor=cursor, newest_first=order == "desc"
    )
    return Messages(messages=[message_view(message, app) for message in found], next_cursor=following)


@router.get("/v1/sessions/<session_id>/messages/<message_id>", tags=_TAGS, summary="Get a message")
def get(session_id: SessionId, message_id: MessageId) -> MessageAnswer:
    return message_view(own_message(own_session(session_id), message_id), bootstrap.app())


@router.post("/v1/sessions/<session_id>/messages/<message_id>/cancel", tags=_TAGS, summary="Cancel a message")
def cancel(session_id: SessionId, message_id: MessageId) -> MessageAnswer:
    """Takes a message back that was not handed to WhatsApp yet."""
    app = bootstrap.app()
    message = cancel_message(
        own_message(own_session(session_id), message_id),
        now_ms=app.now_ms(),
        table=app.table,
        queues=app.engine.queues,
        seals=app.seals,
        contacts=app.contacts,
    )
    return message_view(message, app)


def wanted_of(body: NewMessage) -> Wanted:
    return Wanted(
        to=parse_address(body.to),
        content=content_of(body),
        kind=kind_of(body),
        template=None if body.template is None else Template(**body.template.model_dump()),
        lane=body.lane,
        reply_to=body.reply_to,
        purpose=body.purpose,
        send_at_ms=parse_time(body.send_at, field="send_at") if body.send_at else 0,
        expires_ms=parse_time(body.expires_at, field="expires_at") if body.expires_at else 0,
        mentions=tuple(parse_address(chat, field=f"mentions.{at}") for at, chat in enumerate(body.mentions)),
    )
