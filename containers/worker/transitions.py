"""The table of the session's state machine: every status with every signal, and what follows.

A row names a signal, some statuses and an action. Each pair stands in exactly one row; `stay` is said, not implied.
"""

from collections.abc import Collection
from dataclasses import replace

from containers.worker.effects import (
    AllowNewChats,
    AskAgain,
    Effect,
    HoldNewChats,
    Launch,
    PublishCode,
    RefreshCode,
    Relaunch,
    StopBrowser,
    Unlink,
    WithdrawCode,
)
from containers.worker.mending import (
    Action,
    Step,
    believe,
    doubt,
    get_ready,
    give_up,
    hear_of_update,
    hold_update,
    lose_touch,
    relaunch,
    take_over,
    take_update,
    yield_line,
)
from containers.worker.observations import CodeShown, LoggedOut, RestrictionSeen
from containers.worker.signals import Observation, ProfileLost, ProxyDown, Signal
from containers.worker.states import AT_REST, LINKED, LINKING, State, Status
from waypost.domain.linking import ATTEMPTS, CODES_PER_CYCLE

LONGEST_WAIT_S = 30.0  # between two tries of a proxy that is gone


def stay(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    return state, ()


def become(status: Status, *effects: Effect, because_of_signal: bool = False) -> Action:
    def action(state: State, signal: Signal, _observation: Observation, _now: float) -> Step:
        return replace(state, status=status, reason=signal.value if because_of_signal else None), effects

    return action


def start_over(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """A restriction is WhatsApp's, so it outlives every start."""
    reason = "waking" if state.status is Status.ASLEEP else None
    return _afresh(state, Status.STARTING, reason), (Launch(),)


def stop(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    return _afresh(state, Status.STOPPED, "requested"), (StopBrowser(),)


def go_to_sleep(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    return _afresh(state, Status.ASLEEP, "idle"), (StopBrowser(),)


def unlink(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """The status changes when the page says that it is done."""
    return replace(state, leaving=True), (Unlink(),)


def unlink_by_policy(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """Asked for again and again until it is done: a page without a line may not manage it at once."""
    return replace(state, relinking=True), (Unlink(),)


def show_code(state: State, _signal: Signal, observation: Observation, _now: float) -> Step:
    """A code beyond the sixth belongs to the next cycle, should the page not wait to be asked."""
    if not isinstance(observation, CodeShown) or observation.code is None:
        return state, ()
    full = state.codes == CODES_PER_CYCLE
    cycles = state.cycles + full
    if cycles == ATTEMPTS:
        return give_up(state, "qr_attempts_exhausted")
    codes, sequence = (1 if full else state.codes + 1), state.sequence + 1
    after = replace(state, status=Status.SCAN_QR, reason=None, codes=codes, cycles=cycles, sequence=sequence)
    return after, (PublishCode(observation.code, sequence, codes, cycles + 1),)


def end_cycle(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """R-AUTH-1: three failed attempts end the login until somebody asks again."""
    if state.cycles + 1 >= ATTEMPTS:
        return give_up(state, "qr_attempts_exhausted")
    return replace(state, codes=0, cycles=state.cycles + 1), (WithdrawCode(), RefreshCode())


def withdraw_code(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    return state, (WithdrawCode(),)


def lose_login(state: State, signal: Signal, observation: Observation, _now: float) -> Step:
    """Whoever asked for the logout wants peace; else a new code is wanted."""
    if state.leaving:
        return _afresh(state, Status.LOGGED_OUT, "requested"), (StopBrowser(),)
    if state.relinking:
        return _afresh(state, Status.LOGGED_OUT, "policy"), (StopBrowser(), AskAgain())
    said = observation.reason if isinstance(observation, LoggedOut) else "login_lost"
    return _afresh(state, Status.LOGGED_OUT, said or signal.value), (StopBrowser(), AskAgain())


def lose_profile(state: State, signal: Signal, observation: Observation, _now: float) -> Step:
    """Nothing to restore: whoever starts the session again links it anew."""
    return give_up(state, observation.reason if isinstance(observation, ProfileLost) else signal.value)


def wait_for_proxy(state: State, _signal: Signal, observation: Observation, _now: float) -> Step:
    """Closed rather than around the proxy, and tried again for as long as it takes."""
    reason = observation.reason if isinstance(observation, ProxyDown) else "proxy_unreachable"
    waits = state.waits + 1 if state.reason == reason else 1
    status = Status.DEGRADED if state.status in LINKED else Status.STARTING
    after = replace(state, status=status, reason=reason, codes=0, waits=waits, ready_since=None)
    return after, (Relaunch(waits, min(2.0 ** min(waits - 1, 10), LONGEST_WAIT_S)),)


def restrict(state: State, _signal: Signal, observation: Observation, _now: float) -> Step:
    status = Status.RESTRICTED if state.status is Status.WORKING else state.status
    until_ms = observation.until_ms if isinstance(observation, RestrictionSeen) else None
    return replace(state, status=status, restricted=True), (HoldNewChats(until_ms),)


def lift_restriction(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    status = Status.WORKING if state.status is Status.RESTRICTED else state.status
    return replace(state, status=status, restricted=False), (AllowNewChats(),)


def _afresh(state: State, status: Status, reason: str | None) -> State:
    return State(status, reason, restricted=state.restricted, take_over_after=state.take_over_after)


_ALL = frozenset(Status)
_LIVE = LINKED | LINKING
_IN_TOUCH = frozenset({Status.WORKING, Status.RESTRICTED})
_HEARD = _IN_TOUCH | {Status.DEGRADED}
_SHOWING = frozenset({Status.STARTING, Status.SCAN_QR})
_SCANNED = frozenset({Status.PAIRING, Status.PASSKEY_REQUIRED})
_TROUBLE = (
    Signal.BROWSER_GONE, Signal.PAGE_CRASHED, Signal.OUT_OF_MEMORY, Signal.PAGE_HUNG, Signal.NOT_STARTED,
    Signal.NOT_LOADED, Signal.NEEDS_UPDATE,
)  # fmt: skip

ROWS: tuple[tuple[Signal, Collection[Status], Action], ...] = (
    (Signal.START, AT_REST, start_over),
    (Signal.START, LINKED, take_over),
    (Signal.START, LINKING, stay),
    (Signal.STOP, _LIVE, stop),
    (Signal.STOP, AT_REST - {Status.STOPPED}, become(Status.STOPPED)),
    (Signal.STOP, {Status.STOPPED}, stay),
    (Signal.SLEEP, _IN_TOUCH, go_to_sleep),
    (Signal.SLEEP, _ALL - _IN_TOUCH, stay),
    (Signal.LOG_OUT, LINKED, unlink),
    (Signal.LOG_OUT, LINKING, stop),  # nothing to unlink yet
    (Signal.LOG_OUT, AT_REST, stay),
    (Signal.RELINK, LINKED, unlink_by_policy),
    (Signal.RELINK, _ALL - LINKED, stay),
    (Signal.CODE, LINKING, show_code),
    (Signal.CODE, _ALL - LINKING, stay),
    (Signal.CODE_GONE, {Status.SCAN_QR}, withdraw_code),
    (Signal.CODE_GONE, _ALL - {Status.SCAN_QR}, stay),
    (Signal.IDLE, _SHOWING, end_cycle),
    (Signal.IDLE, _ALL - _SHOWING, stay),
    (Signal.UNLINKED, LINKED, lose_login),
    (Signal.UNLINKED, _SCANNED, become(Status.STARTING)),
    (Signal.UNLINKED, AT_REST | _SHOWING, stay),  # the code itself says that there is something to scan
    (Signal.PAIRING, LINKING - {Status.PASSKEY_REQUIRED}, become(Status.PAIRING)),
    (Signal.PAIRING, _ALL - LINKING | {Status.PASSKEY_REQUIRED}, stay),
    (Signal.PASSKEY, LINKING | {Status.SYNCING}, become(Status.PASSKEY_REQUIRED)),
    (Signal.PASSKEY, _ALL - LINKING - {Status.SYNCING}, stay),
    (Signal.SYNCING, LINKING, become(Status.SYNCING)),
    (Signal.SYNCING, _ALL - LINKING, stay),
    (Signal.READY, _LIVE, get_ready),
    (Signal.READY, AT_REST, stay),
    (Signal.OFFLINE, LINKED - {Status.SYNCING}, lose_touch),
    (Signal.OFFLINE, LINKING, become(Status.SYNCING)),  # a restored login, before it has a line
    (Signal.OFFLINE, AT_REST | {Status.SYNCING}, stay),
    (Signal.PROXY_BLOCKED, LINKED, lose_touch),
    (Signal.PROXY_BLOCKED, LINKING, become(Status.STARTING, because_of_signal=True)),
    (Signal.PROXY_BLOCKED, AT_REST, stay),
    (Signal.PROXY_DOWN, _LIVE, wait_for_proxy),
    (Signal.PROXY_DOWN, AT_REST, stay),
    (Signal.ACKS_MISSING, _HEARD, doubt),
    (Signal.ACKS_MISSING, _ALL - _HEARD, stay),
    (Signal.ACKS_BACK, {Status.DEGRADED}, believe),
    (Signal.ACKS_BACK, _ALL - {Status.DEGRADED}, stay),
    (Signal.UPDATE_OFFERED, _LIVE, hear_of_update),
    (Signal.UPDATE_OFFERED, AT_REST, stay),
    (Signal.UPDATE_HELD, _LIVE, hold_update),
    (Signal.UPDATE_HELD, AT_REST, stay),
    (Signal.UPDATE_CLEARED, _LIVE, take_update),
    (Signal.UPDATE_CLEARED, AT_REST, stay),
    (Signal.CONFLICT, LINKED | {Status.STARTING}, yield_line),
    (Signal.CONFLICT, LINKING - {Status.STARTING}, relaunch),  # not logged in yet, so there is no line to lose
    (Signal.CONFLICT, AT_REST, stay),
    *((signal, _LIVE, relaunch) for signal in _TROUBLE),
    *((signal, AT_REST, stay) for signal in _TROUBLE),
    (Signal.PROFILE_LOST, _LIVE, lose_profile),
    (Signal.PROFILE_LOST, AT_REST, stay),
    (Signal.LOGGED_OUT, _LIVE, lose_login),
    (Signal.LOGGED_OUT, AT_REST, stay),
    (Signal.BANNED, _LIVE, become(Status.BANNED, StopBrowser(), because_of_signal=True)),
    (Signal.BANNED, AT_REST, stay),
    (Signal.RESTRICTED, _LIVE, restrict),
    (Signal.RESTRICTED, AT_REST, stay),
    (Signal.UNRESTRICTED, _LIVE, lift_restriction),
    (Signal.UNRESTRICTED, AT_REST, stay),
)

TABLE: dict[tuple[Status, Signal], Action] = {
    (status, signal): action for signal, statuses, action in ROWS for status in statuses
}
