"""What goes on while things break: clients that send and phones that write, each by a seed and each insisting."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.e2e.house import House

_PATIENCE_SECONDS = 600.0
_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class Sent:
    """A message that was accepted: `id` is Waypost's."""

    chat: str
    text: str
    id: str


@dataclass
class Line:
    """One session with its account and the people it speaks with. `wrote` is what they wrote to it."""

    session: str
    number: str
    people: tuple[str, ...]
    sent: list[Sent] = field(default_factory=list)
    wrote: list[tuple[str, str]] = field(default_factory=list)


class Load:
    """A thread a line; `stop` ends them after `messages` each, or at once when something went wrong."""

    def __init__(self, house: House, lines: list[Line], *, seed: int, messages: int, seconds: float) -> None:
        self._house = house
        self._pause = seconds / max(messages, 1)
        self._messages = messages
        self.wrong: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(line, random.Random(f"{seed}-{line.number}")), daemon=True)
            for line in lines
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _guarded(self, line: Line, chance: random.Random) -> None:
        try:
            self._run(line, chance)
        except BaseException as error:
            self.wrong.append(error)

    def _run(self, line: Line, chance: random.Random) -> None:
        for count in range(self._messages):
            chat, text = chance.choice(line.people), f"{line.number} sends {count}"
            line.sent.append(Sent(chat, text, send(self._house, line.session, chat, text)))
            if chance.random() < 0.2:
                text = f"{chat} writes {count}"
                write(self._house, chat, line.number, text)
                line.wrote.append((chat, text))
            if chance.random() < 0.25:  # in bursts: four messages close together, then a rest
                time.sleep(self._pause * chance.uniform(2, 6))


def send(house: House, session: str, chat: str, text: str) -> str:
    """As a careful client does: the same Idempotency-Key until there is an answer. Returns the message's id."""

    def ask() -> str | None:
        with house.api() as api:
            answer = api.post(
                f"/v1/sessions/{session}/messages",
                json={"to": chat, "text": text},
                headers={"Idempotency-Key": text.replace(" ", "-")},
            )
        if answer.status_code in (200, 202):
            return str(answer.json()["id"])
        if answer.status_code >= 500 or answer.status_code in (409, 429):
            return None
        raise AssertionError(f"a message was refused: {answer.status_code} {answer.text[:300]}")

    return _insist(ask, "a message is accepted")


def write(house: House, sender: str, to: str, text: str) -> None:
    """A phone writes. When nobody answers, it looks whether it did: the phone itself never loses or doubles."""

    def ask() -> str | None:
        with house.simulator() as simulator:
            known = simulator.get(f"/control/accounts/{sender}/messages", params={"with": to}).raise_for_status().json()
            if not any(one["text"] == text for one in known):
                url = f"/control/accounts/{sender}/messages"
                simulator.post(url, json={"to": to, "text": text}).raise_for_status()
        return "done"

    _insist(ask, "a phone writes")


def _insist(ask: Callable[[], str | None], what: str) -> str:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            answer = ask()
            if answer is not None:
                return answer
        time.sleep(_AGAIN_SECONDS)
    raise AssertionError(f"not within {_PATIENCE_SECONDS:.0f} s: {what}")
