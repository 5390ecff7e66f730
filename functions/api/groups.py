"""Groups: create, list, look at one, change who is in it. Sending to one is sending to any chat."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import chat_answers as answers
from api.asking import answering_with, ask_owner
from api.belongings import own_group, own_session
from api.chat_schemas import NewGroup, ParticipantChange
from api.chats import ContactId
from api.group_views import added_view, group_view, made_view, short_view
from api.parameters import SessionId
from api.resolver import Router
from waypost.domain.addresses import parse_address
from waypost.domain.groups import check_subject
from waypost.errors import ValidationError
from waypost.services.admission import check_linked

router = Router()
_TAGS = ["groups"]
_GROUPS = "/v1/sessions/<session_id>/groups"


@router.post(
    _GROUPS, status_code=201, tags=_TAGS, summary="Create a group", responses=answering_with(answers.MadeGroup, 201)
)
def create(session_id: SessionId, body: NewGroup) -> Response[str]:
    """With at most 256 participants. Some may have to be invited instead: see each one's `code`."""
    session = own_session(session_id)
    check_subject(body.subject)
    arguments = {"subject": body.subject.strip(), "participants": _people(body.participants, "participants")}
    check_linked(session)
    return ask_owner(
        session, "create_group", arguments, done=lambda result: made_view(session.tenant, result), status=201
    )


@router.get(_GROUPS, tags=_TAGS, summary="List groups", responses=answering_with(answers.Groups))
def list_all(session_id: SessionId) -> Response[str]:
    """Those that the account is in, as WhatsApp Web knows them."""
    session = own_session(session_id)
    check_linked(session)

    def done(result: dict[str, Any]) -> answers.Groups:
        return answers.Groups(groups=[short_view(session.tenant, group) for group in result["groups"]])

    return ask_owner(session, "list_groups", {}, done=done)


@router.get(
    f"{_GROUPS}/<contact_id>",
    tags=_TAGS,
    summary="Get a group",
    responses=answering_with(answers.GroupWithParticipants),
)
def get(session_id: SessionId, contact_id: ContactId) -> Response[str]:
    """With its participants."""
    session = own_session(session_id)
    chat = own_group(contact_id)
    check_linked(session)
    return ask_owner(session, "get_group", {"chat": chat}, done=lambda result: group_view(session.tenant, result))


@router.post(
    f"{_GROUPS}/<contact_id>/participants",
    tags=_TAGS,
    summary="Add and remove participants",
    responses=answering_with(answers.ChangedGroup),
)
def change(session_id: SessionId, contact_id: ContactId, body: ParticipantChange) -> Response[str]:
    """Whoever is to be added and is in it already, or is to be removed and is not in it, is passed over."""
    session = own_session(session_id)
    chat = own_group(contact_id)
    arguments = {"chat": chat, "add": _people(body.add, "add"), "remove": _people(body.remove, "remove")}
    check_linked(session)

    def done(result: dict[str, Any]) -> answers.ChangedGroup:
        return answers.ChangedGroup(
            added=[added_view(session.tenant, one) for one in result["added"]],
            group=group_view(session.tenant, result["group"]),
        )

    return ask_owner(session, "change_participants", arguments, done=done)


def _people(chats: list[str], field: str) -> list[str]:
    """Their canonical chat ids, each once."""
    addresses = [parse_address(chat, field=f"{field}.{position}") for position, chat in enumerate(chats)]
    for position, address in enumerate(addresses):
        if address.kind == "group":
            raise ValidationError(
                "A group cannot be in a group.", field=f"{field}.{position}", mend="Give people only.",
                code="not_a_person",
            )  # fmt: skip
    return list(dict.fromkeys(address.chat_id for address in addresses))
