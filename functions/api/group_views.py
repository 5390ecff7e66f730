"""Groups on the wire: from what an errand found, which names everybody by our own ids."""

from typing import Any

from api import answers
from api.chat_answers import AddedParticipant, Group, GroupWithParticipants, MadeGroup, Participant
from waypost import bootstrap

_DONE = 200


def short_view(tenant: str, found: dict[str, Any]) -> Group:
    return Group(**_group(tenant, found))


def group_view(tenant: str, found: dict[str, Any]) -> GroupWithParticipants:
    members = [
        Participant(chat=_chat(tenant, one), admin=one["admin"]) for one in found["participants"] if one["contact"]
    ]
    return GroupWithParticipants(**_group(tenant, found), participants=members)


def made_view(tenant: str, found: dict[str, Any]) -> MadeGroup:
    members = [added_view(tenant, one) for one in found["participants"] if one["contact"]]
    return MadeGroup(**_group(tenant, found), participants=members)


def added_view(tenant: str, one: dict[str, Any]) -> AddedParticipant:
    return AddedParticipant(chat=_chat(tenant, one), added=one["code"] == _DONE, code=one["code"])


def _group(tenant: str, found: dict[str, Any]) -> dict[str, Any]:
    view = bootstrap.app().contacts.view(tenant, found["contact"])
    return {"contact_id": found["contact"], "id": view["id"], "subject": found["subject"]}


def _chat(tenant: str, one: dict[str, Any]) -> answers.Chat:
    return answers.Chat(**bootstrap.app().contacts.view(tenant, one["contact"]))
