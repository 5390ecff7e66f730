"""Contacts: the people and groups that a session knows, the names they are saved under, and who is on WhatsApp."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import answers
from api.asking import answering_with, ask_owner
from api.belongings import own_session
from api.chat_answers import Contacts, Existence
from api.chat_schemas import ContactCheck, ContactName
from api.parameters import Cursor, Limit, SessionId
from api.resolver import Router
from waypost import bootstrap
from waypost.domain.addresses import Address, parse_address
from waypost.entities.chat import list_contacts
from waypost.errors import RateLimited, ValidationError
from waypost.services.admission import check_linked

router = Router()
_TAGS = ["contacts"]
_CONTACTS = "/v1/sessions/<session_id>/contacts"


@router.get(_CONTACTS, tags=_TAGS, summary="List contacts")
def list_all(session_id: SessionId, limit: Limit = 50, cursor: Cursor = None) -> Contacts:
    """Everybody that this session has had to do with, in no particular order."""
    app, session = bootstrap.app(), own_session(session_id)
    found, following = list_contacts(app.table, session.id, limit=limit, cursor=cursor)
    views = [app.contacts.view(session.tenant, chat.contact) for chat in found]
    return Contacts(contacts=[answers.Chat(**view) for view in views], next_cursor=following)


@router.put(_CONTACTS, tags=_TAGS, summary="Save a contact", responses=answering_with(answers.Chat))
def save(session_id: SessionId, body: ContactName) -> Response[str]:
    """Saves somebody in the account's address book. The name wins over what people call themselves."""
    session = own_session(session_id)
    address = _person(body.chat)
    check_linked(session)

    def done(result: dict[str, Any]) -> answers.Chat:
        view = bootstrap.app().contacts.view(session.tenant, result["contact"])
        return answers.Chat(**{**view, "name": body.name})  # this process may remember the old one for a moment

    return ask_owner(session, "save_contact", {"chat": address.chat_id, "name": body.name}, done=done)


@router.post(f"{_CONTACTS}/check", tags=_TAGS, summary="Is it on WhatsApp?", responses=answering_with(Existence))
def check(session_id: SessionId, body: ContactCheck) -> Response[str]:
    """Each session has a budget of such questions: accounts that check many numbers get banned."""
    app, session = bootstrap.app(), own_session(session_id)
    address = _person(body.chat)
    known = app.existences.recall(session.tenant, address, app.now_ms())
    if known is not None:
        answer = _existence(session.tenant, known.exists, known.contact)
        return Response(200, "application/json", answer.model_dump_json())
    check_linked(session)

    def done(result: dict[str, Any]) -> Existence:
        if "wait_ms" in result:
            raise RateLimited(
                "This session has asked WhatsApp for as many numbers as it may for now.",
                retry_after=result["wait_ms"] / 1000,
                mend="Try again after the seconds in Retry-After. Sending checks the number by itself.",
                code="checks_used_up",
            )
        return _existence(session.tenant, result["exists"], result["contact"])

    return ask_owner(session, "check_exists", {"chat": address.chat_id}, done=done)


def _existence(tenant: str, exists: bool, contact: str | None) -> Existence:
    known = {"pn": None, "lid": None} if contact is None else bootstrap.app().contacts.known(tenant, contact)
    return Existence(exists=exists, contact_id=contact, pn=known["pn"], lid=known["lid"])


def _person(chat: str) -> Address:
    address = parse_address(chat, field="chat")
    if address.kind == "group":
        raise ValidationError(
            "A group is no contact.", field="chat", mend="Give the chat id or the number of a person.",
            code="not_a_person",
        )  # fmt: skip
    return address
