"""Which browser may live until when (P4): the launcher's book and its protocol, without clock or process.

A worker that holds a session's lease says the lease's deadline; a browser that starts says its process id. At the
deadline the browser is due to be killed. No browser is taken for a session whose deadline is over, was never told, or
was taken back: one that was still starting when its session was released would belong to nobody.
Times are absolute seconds of CLOCK_BOOTTIME, which also runs while the machine is suspended.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Process:
    """`started` tells a process from a later one with the same id."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Register:
    session: str
    pid: int


@dataclass(frozen=True, slots=True)
class Deadline:
    session: str
    boottime: float


@dataclass(frozen=True, slots=True)
class Release:
    session: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy the session's profile while its browsers stand still; its answer also has `paused_ms`."""

    session: str


@dataclass(frozen=True, slots=True)
class Evict:
    """End whatever runs on the session's profile, also what another launcher started; for who holds its lease."""

    session: str


Request = Register | Deadline | Release | Copy | Evict

_READERS: dict[str, Callable[[dict[str, Any]], Request]] = {
    "register": lambda said: Register(_text(said["session"]), _pid(said["pid"])),
    "deadline": lambda said: Deadline(_text(said["session"]), _number(said["boottime"])),
    "release": lambda said: Release(_text(said["session"])),
    "copy": lambda said: Copy(_name(said["session"])),
    "evict": lambda said: Evict(_name(said["session"])),
}


class NotARequest(ValueError):
    """A line that the launcher does not understand; it changes nothing."""


def read_request(line: bytes) -> Request:
    """One line of JSON: `{"do": "register" | "deadline" | "release" | "copy" | "evict", "session": …, …}`.

    Raises NotARequest."""
    try:
        said = json.loads(line)
        return _READERS[said["do"]](said)
    except (ValueError, KeyError, TypeError) as problem:
        raise NotARequest(type(problem).__name__) from None


@dataclass(slots=True)
class Book:
    deadlines: dict[str, float] = field(default_factory=dict)
    browsers: dict[str, set[Process]] = field(default_factory=dict)

    def may_start(self, session: str, now: float) -> bool:
        """Whether the session's lease was told of and has not run out."""
        return self.deadlines.get(session, now) > now

    def register(self, session: str, browser: Process, now: float) -> bool:
        """Take a browser, if it may start."""
        if not self.may_start(session, now):
            return False
        self.browsers.setdefault(session, set()).add(browser)
        return True

    def renew(self, session: str, boottime: float) -> None:
        self.deadlines[session] = boottime

    def release(self, session: str) -> set[Process]:
        """Forget a session; returns the browsers that must not outlive it."""
        self.deadlines.pop(session, None)
        return self.browsers.pop(session, set())

    def due(self, now: float) -> set[Process]:
        """The browsers to kill now. Their sessions stay closed until their deadline is renewed."""
        late = [session for session in self.browsers if self.deadlines[session] <= now]
        return {browser for session in late for browser in self.browsers.pop(session)}

    def next_deadline(self) -> float | None:
        return min((self.deadlines[session] for session in self.browsers), default=None)

    def all_browsers(self) -> set[Process]:
        return {browser for browsers in self.browsers.values() for browser in browsers}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise ValueError("a session is a text")
    return value


def _name(value: Any) -> str:
    """A text that is one step of a path, down and nowhere else."""
    if "/" in (name := _text(value)) or "\0" in name or name.startswith("."):
        raise ValueError("a session names a folder")
    return name


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise ValueError("a time is a number of seconds")
    return float(value)


def _pid(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 2:
        raise ValueError("a process id is a number above 1")
    return value
