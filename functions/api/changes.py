"""Messages that were sent before: edit, revoke, react. WhatsApp Web does it, and the stored message follows."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import answers
from api.asking import answering_with, ask_owner
from api.belongings import own_message, own_session
from api.chat_schemas import Edit, NewReaction
from api.parameters import MessageId, SessionId
from api.resolver import Router
from api.views import message_view
from waypost import bootstrap
from waypost.domain.changes import check_editable, check_reactable, check_reaction, check_revocable
from waypost.domain.message import Message, check_text
from waypost.entities.session import Session
from waypost.services.admission import check_linked

router = Router()
_TAGS = ["messages"]
_ANSWERS = answering_with(answers.Message)
_MESSAGE = "/v1/sessions/<session_id>/messages/<message_id>"


@router.post(f"{_MESSAGE}/edit", tags=_TAGS, summary="Edit a message", responses=_ANSWERS)
def edit(session_id: SessionId, message_id: MessageId, body: Edit) -> Response[str]:
    """A text of your own, within 15 minutes after it was sent."""
    session = own_session(session_id)
    message = own_message(session, message_id)
    check_text(body.text)
    check_editable(message, bootstrap.app().now_ms())
    return _change(session, message, "edit_message", text=body.text.strip())


@router.post(f"{_MESSAGE}/revoke", tags=_TAGS, summary="Revoke a message", responses=_ANSWERS)
def revoke(session_id: SessionId, message_id: MessageId) -> Response[str]:
    """Takes a message of your own back for everybody. What it said is forgotten here, too."""
    session = own_session(session_id)
    message = own_message(session, message_id)
    check_revocable(message)
    return _change(session, message, "revoke_message")


@router.put(f"{_MESSAGE}/reaction", tags=_TAGS, summary="React to a message", responses=_ANSWERS)
def react(session_id: SessionId, message_id: MessageId, body: NewReaction) -> Response[str]:
    """One reaction a message: another replaces it, null takes it back."""
    session = own_session(session_id)
    message = own_message(session, message_id)
    if body.emoji is not None:
        check_reaction(body.emoji)
    check_reactable(message)
    return _change(session, message, "react_to_message", emoji=body.emoji)


def _change(session: Session, message: Message, errand: str, **details: Any) -> Response[str]:
    check_linked(session)

    def done(_result: dict[str, Any]) -> answers.Message:
        return message_view(own_message(session, message.id), bootstrap.app())

    return ask_owner(session, errand, {"message": message.id, **details}, done=done)
