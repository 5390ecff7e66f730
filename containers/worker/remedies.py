"""What is tried, and in which order, to bring a session in trouble back: a table of remedies for each kind of trouble.

Each try of a series waits longer than the one before. A session that was steady in between starts a new series; one
that has used a series up has failed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from containers.worker.effects import Relaunch, Reload, Restore
from containers.worker.signals import Signal
from containers.worker.states import State

STEADY_S = 300.0  # a session that worked this long starts a new series

Remedy = Reload | Relaunch | Restore
Kind = Literal["reload", "relaunch", "restore"]

# What ended is started again, and soon. That it ends again and again may be the profile's fault: then the last good
# copy is taken instead, late, because it has forgotten what came after it.
_ENDED: tuple[tuple[Kind, float], ...] = (
    ("relaunch", 0.2), ("relaunch", 2.0), ("relaunch", 5.0), ("restore", 10.0), ("relaunch", 30.0),
)  # fmt: skip
# Acknowledgements may be missing because WhatsApp itself is in trouble: after the two quick remedies there is time.
_UNHEARD: tuple[tuple[Kind, float], ...] = (
    ("reload", 0.0), ("relaunch", 2.0), ("relaunch", 30.0), ("restore", 60.0), ("relaunch", 300.0),
)  # fmt: skip
# A new build is loaded by any launch; an old profile would not help.
_OUTDATED: tuple[tuple[Kind, float], ...] = tuple(("relaunch", delay) for delay in (1.0, 2.0, 5.0, 10.0, 30.0))
# The network, or WhatsApp, is out of reach, which nothing here can mend: about two hours of patience.
_OUT_OF_REACH: tuple[tuple[Kind, float], ...] = tuple(
    ("relaunch", delay) for delay in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, *[60.0] * 114)
)

_SERIES = {
    Signal.ACKS_MISSING: _UNHEARD,
    Signal.NEEDS_UPDATE: _OUTDATED,
    Signal.CONFLICT: _OUTDATED,
    Signal.NOT_LOADED: _OUT_OF_REACH,
}

_MAKE: dict[Kind, Callable[[int, float], Remedy]] = {
    "reload": lambda attempt, _delay: Reload(attempt),
    "relaunch": Relaunch,
    "restore": Restore,
}


def remedy_for(trouble: Signal, attempt: int, *, linked: bool) -> Remedy | None:
    """The remedy of this attempt, counted from 1; None when none is left. Without a login there is no copy to take."""
    series = _SERIES.get(trouble, _ENDED)
    if attempt > len(series):
        return None
    kind, delay = series[attempt - 1]
    return _MAKE["relaunch" if kind == "restore" and not linked else kind](attempt, delay)


def attempts_for(trouble: Signal) -> int:
    """How many remedies its series has."""
    return len(_SERIES.get(trouble, _ENDED))


def forgiven(state: State, now: float) -> State:
    """A session that has been ready for long is over its trouble: what was tried counts no more."""
    steady = state.ready_since is not None and now - state.ready_since >= STEADY_S
    return replace(state, relaunches=0, unreached=0) if steady else state


def with_attempt(state: State, trouble: Signal) -> tuple[State, int]:
    """One attempt more, and which it is. That WhatsApp is out of reach is counted apart: it says nothing of us."""
    if trouble is Signal.NOT_LOADED:
        return replace(state, unreached=state.unreached + 1), state.unreached + 1
    return replace(state, relaunches=state.relaunches + 1), state.relaunches + 1
