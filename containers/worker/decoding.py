"""Reads what the page sends: JSON text into observations. The shapes are those of script/plain.js."""

import json
from collections.abc import Callable
from typing import Any

from containers.worker.observations import (
    AckSeen,
    Batch,
    CodeShown,
    Idle,
    LoggedOut,
    LoginSeen,
    MessageKey,
    MessageSeen,
    PageObservation,
    PageTrouble,
    Person,
    PresenceSeen,
    TypingSeen,
    UpdateNeeded,
)

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
    rest = {name: value for name, value in plain.items() if name not in ("kind", "key", "chat", "author")}
    return MessageSeen(
        key=MessageKey(**plain["key"]), chat=_person(plain["chat"]), author=_person(plain["author"]), **rest
    )


def _person(plain: Plain | None) -> Person | None:
    return None if plain is None else Person(plain["pn"], plain["lid"])


def _ack(plain: Plain) -> AckSeen:
    return AckSeen(tuple(plain["ids"]), plain["ack"], plain["chat"], _person(plain["person"]), plain["participant"])


def _typing(plain: Plain) -> TypingSeen:
    return TypingSeen(plain["chat"], plain["state"], _person(plain["person"]), plain["participant"])


_READERS: dict[str, Callable[[Plain], PageObservation]] = {
    "ack": _ack,
    "code": lambda plain: CodeShown(plain["code"]),
    "idle": lambda _: Idle(),
    "login": read_login,
    "logout": lambda plain: LoggedOut(plain["reason"]),
    "message": read_message,
    "needs_update": lambda _: UpdateNeeded(),
    "presence": lambda plain: PresenceSeen(plain["chat"], plain["online"], _person(plain["person"])),
    "trouble": lambda plain: PageTrouble(plain["where"], plain["code"]),
    "typing": _typing,
}
