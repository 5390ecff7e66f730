"""Reads what the page sends: JSON text into observations. The shapes are those of script/plain.js."""

import json
from collections.abc import Callable
from typing import Any

from containers.worker.naming import MessageKey, Person, Target
from containers.worker.observations import (
    AckSeen,
    Batch,
    CodeShown,
    Idle,
    LoggedOut,
    LoginSeen,
    MessageSeen,
    PageObservation,
    PageTrouble,
    PasskeyAsked,
    PresenceSeen,
    RestrictionSeen,
    TypingSeen,
    UpdateNeeded,
)
from containers.worker.observed_changes import EditSeen, ReactionSeen, ReadSeen, RevokeSeen
from containers.worker.observed_content import VoteSeen, read_file

type Plain = dict[str, Any]


def read_batch(payload: str) -> Batch:
    plain = json.loads(payload)
    return Batch(plain["page"], plain["number"], tuple(read_observation(one) for one in plain["observations"]))


def read_observation(plain: Plain) -> PageObservation:
    """A shape that does not fit becomes trouble to be told of, not an error that stops the feed."""
    kind = str(plain.get("kind"))
    try:
        return _READERS[kind](plain)
    except (KeyError, TypeError, AttributeError) as problem:
        return PageTrouble(where=kind, code=type(problem).__name__)


def read_login(plain: Plain) -> LoginSeen:
    rest = {name: value for name, value in plain.items() if name not in ("kind", "pn", "lid")}
    return LoginSeen(me=Person(plain["pn"], plain["lid"]), **rest)


def read_message(plain: Plain) -> MessageSeen:
    read = ("kind", "key", "chat", "author", "mentions", "file")
    return MessageSeen(
        key=MessageKey(**plain["key"]),
        chat=_person(plain["chat"]),
        author=_person(plain["author"]),
        file=read_file(plain.get("file")),
        mentions=tuple(Person(one["pn"], one["lid"]) for one in plain.get("mentions", ()) if one),
        **{name: value for name, value in plain.items() if name not in read},
    )


def _person(plain: Plain | None) -> Person | None:
    return None if plain is None else Person(plain["pn"], plain["lid"])


def _target(plain: Plain) -> Target:
    return Target(MessageKey(**plain["key"]), _person(plain["chat"]), _person(plain["author"]))


def read_edit(plain: Plain) -> EditSeen:
    return EditSeen(_target(plain), plain["text"], plain["edit_id"])


def _revoke(plain: Plain) -> RevokeSeen:
    return RevokeSeen(_target(plain), plain["mine"], _person(plain["by"]))


def _reaction(plain: Plain) -> ReactionSeen:
    return read_reaction(_target(plain), plain)


def read_reaction(target: Target, plain: Plain) -> ReactionSeen:
    return ReactionSeen(target, plain["emoji"], plain["mine"], _person(plain["by"]), plain["t"])


def read_vote(plain: Plain) -> VoteSeen:
    return VoteSeen(_target(plain), tuple(plain["options"]), plain["mine"], _person(plain["by"]), plain["t"])


def _ack(plain: Plain) -> AckSeen:
    return AckSeen(tuple(plain["ids"]), plain["ack"], plain["chat"], _person(plain["person"]), plain["participant"])


def _typing(plain: Plain) -> TypingSeen:
    return TypingSeen(plain["chat"], plain["state"], _person(plain["person"]), plain["participant"])


_READERS: dict[str, Callable[[Plain], PageObservation]] = {
    "ack": _ack,
    "code": lambda plain: CodeShown(plain["code"]),
    "edit": read_edit,
    "idle": lambda _: Idle(),
    "login": read_login,
    "logout": lambda plain: LoggedOut(plain["reason"]),
    "message": read_message,
    "needs_update": lambda _: UpdateNeeded(),
    "passkey": lambda _: PasskeyAsked(),
    "presence": lambda plain: PresenceSeen(plain["chat"], plain["online"], _person(plain["person"])),
    "reaction": _reaction,
    "restricted": lambda plain: RestrictionSeen(plain["until_ms"]),
    "read": lambda plain: ReadSeen(plain["chat"], _person(plain["person"])),
    "revoke": _revoke,
    "trouble": lambda plain: PageTrouble(plain["where"], plain["code"]),
    "typing": _typing,
    "vote": read_vote,
}
