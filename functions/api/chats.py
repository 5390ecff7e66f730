"""Chats: list them, mark one read, show that somebody writes."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from api import answers
from api.asking import answering_with, ask_owner
from api.belongings import own_contact, own_session
from api.chat_answers import ChatOverview, Chats
from api.chat_schemas import Typing
from api.command_answers import Done
from api.parameters import Cursor, Limit, SessionId
from api.resolver import Router
from api.views import message_view
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.entities.session import Session
from waypost.services.admission import check_linked
from waypost.services.chats import Overview, list_overviews

router = Router()
_TAGS = ["chats"]
_ANSWERS = answering_with(Done)
_CHAT = "/v1/sessions/<session_id>/chats/<contact_id>"

# A number must not stand in a path, where it would be logged (P6).
ContactId = Annotated[
    str, Path(description="A chat's `contact_id`, never a number.", examples=["con_00000000000000000000000000"])
]


@router.get("/v1/sessions/<session_id>/chats", tags=_TAGS, summary="List chats, the latest first")
def list_all(session_id: SessionId, limit: Limit = 20, cursor: Cursor = None) -> Chats:
    """Those in which something was written since the session was linked; also while it is stopped."""
    app, session = bootstrap.app(), own_session(session_id)
    found, following = list_overviews(app.table, session.id, limit=limit, cursor=cursor)
    return Chats(chats=[_view(session, overview) for overview in found], next_cursor=following)


@router.post(f"{_CHAT}/read", tags=_TAGS, summary="Mark a chat read", responses=_ANSWERS)
def read(session_id: SessionId, contact_id: ContactId) -> Response[str]:
    """Tells the chat's members that their messages were read."""
    session = own_session(session_id)
    contact = own_contact(contact_id)
    return _ask(session, "mark_read", contact)


@router.post(f"{_CHAT}/typing", tags=_TAGS, summary="Show that somebody writes", responses=_ANSWERS)
def typing(session_id: SessionId, contact_id: ContactId, body: Typing) -> Response[str]:
    session = own_session(session_id)
    return _ask(session, "typing", own_contact(contact_id), state=body.state, seconds=body.seconds)


def _ask(session: Session, errand: str, contact: str, **details: Any) -> Response[str]:
    check_linked(session)
    chat = bootstrap.app().contacts.addresses(session.tenant, contact)[0]
    return ask_owner(session, errand, {"contact": contact, "chat": chat, **details}, done=lambda _result: Done())


def _view(session: Session, overview: Overview) -> ChatOverview:
    app = bootstrap.app()
    return ChatOverview(
        chat=answers.Chat(**app.contacts.view(session.tenant, overview.contact)),
        active_at=rfc3339(overview.active_ms),
        unread=overview.unread,
        last_message=None if overview.last is None else message_view(overview.last, app),
    )
