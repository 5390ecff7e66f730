"""Actions of the state machine that concern trouble: touch is lost, a remedy is tried, the session is well again."""

from collections.abc import Callable
from dataclasses import replace

from containers.worker.effects import AskCanary, CheckAcks, Effect, Reload, StopBrowser, TakeOver
from containers.worker.observations import LoginSeen
from containers.worker.remedies import forgiven, remedy_for, with_attempt
from containers.worker.signals import Observation, Signal, UpdateCleared
from containers.worker.states import LINKED, UPDATE_WAITS, State, Status

Step = tuple[State, tuple[Effect, ...]]
Action = Callable[[State, Signal, Observation, float], Step]


def get_ready(state: State, _signal: Signal, _observation: Observation, now: float) -> Step:
    """The page works. Where acknowledgements were missing that is no proof: the session stays degraded until one
    comes, or none is waited for."""
    since = now if state.ready_since is None else state.ready_since
    after = replace(state, codes=0, cycles=0, sequence=0, ready_since=since, update=None)
    if state.proving:
        return replace(after, status=Status.DEGRADED, reason=Signal.ACKS_MISSING.value), (CheckAcks(),)
    return replace(after, status=_well(state), reason=None), ()


def believe(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """Acknowledgements are back; a page that is still loading tells by itself when it is ready."""
    after = replace(state, proving=False)
    if state.proving and state.ready_since is not None:
        after = _well_again(after)
    return after, ()


def hear_of_update(state: State, signal: Signal, observation: Observation, now: float) -> Step:
    """WhatsApp offers a newer page, and this one goes on: the canaries are asked, once, whether to load it."""
    after, effects = state, tuple[Effect, ...]()
    if isinstance(observation, LoginSeen):  # which tells of a page that works
        ready, effects = get_ready(state, signal, observation, now)
        after = replace(ready, update=state.update)
        if state.update == "held" and not state.proving:
            after = _well_again(after)
    return (replace(after, update="asked"), (*effects, AskCanary())) if state.update is None else (after, effects)


def hold_update(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """The page goes on as it is; it is no more than its age that is wrong with it."""
    if state.update is None:
        return state, ()
    held = replace(state, update="held")
    return (_well_again(held) if state.sends else held), ()


def take_update(state: State, _signal: Signal, observation: Observation, now: float) -> Step:
    """Unless the page was loaded anew meanwhile."""
    if state.update is None:
        return state, ()
    after, effects = relaunch(state, Signal.NEEDS_UPDATE, observation, now)
    untested = isinstance(observation, UpdateCleared) and not observation.tested
    return (replace(after, reason="update_untested") if untested else after), effects


def lose_touch(state: State, signal: Signal, _observation: Observation, now: float) -> Step:
    """No line: the page finds it again by itself, and how steady the session was starts anew."""
    return replace(forgiven(state, now), status=Status.DEGRADED, reason=signal.value, ready_since=None), ()


def relaunch(state: State, signal: Signal, _observation: Observation, now: float) -> Step:
    """Try the next remedy of the trouble's series; when none is left, the session has failed."""
    linked = state.status in LINKED | {Status.STARTING}  # starting: perhaps
    tried, attempt = with_attempt(forgiven(state, now), signal)
    remedy = remedy_for(signal, attempt, linked=linked)
    if remedy is None:
        return give_up(state, signal.value)
    # A page that is gone has not said that it is well; one that is only loaded anew has its browser still.
    status = Status.DEGRADED if state.status in LINKED or isinstance(remedy, Reload) else Status.STARTING
    # A new page begins a new cycle of codes; the attempts so far still count.
    return replace(tried, status=status, reason=signal.value, codes=0, ready_since=None, update=None), (remedy,)


def doubt(state: State, signal: Signal, observation: Observation, now: float) -> Step:
    """Acknowledgements are missing. While the page is not ready there is another reason, or a remedy is at work."""
    if state.ready_since is None:
        return state, ()
    return relaunch(replace(state, proving=True), signal, observation, now)


def yield_line(state: State, signal: Signal, _observation: Observation, now: float) -> Step:
    """Another browser uses this login ("Use here"): whoever did that wants it, so we do not fight. The line is taken
    back when somebody asks, or by a setting, a few times."""
    calm = replace(forgiven(state, now), status=Status.DEGRADED, reason=signal.value, ready_since=None)
    tried, attempt = with_attempt(calm, signal)
    already = (state.status, state.reason) == (Status.DEGRADED, signal.value)
    if already or state.take_over_after is None or remedy_for(signal, attempt, linked=True) is None:
        return calm, ()
    return tried, (TakeOver(state.take_over_after),)


def take_over(state: State, _signal: Signal, _observation: Observation, _now: float) -> Step:
    """Somebody asked for a session that runs: where another browser has its line, it is taken back."""
    return state, (TakeOver(0.0),) if state.reason == Signal.CONFLICT.value else ()


def give_up(state: State, reason: str) -> Step:
    given_up = State(Status.FAILED, reason, restricted=state.restricted, take_over_after=state.take_over_after)
    return given_up, (StopBrowser(),)


def _well_again(state: State) -> State:
    if state.update == "held":
        return replace(state, status=Status.DEGRADED, reason=UPDATE_WAITS)
    return replace(state, status=_well(state), reason=None)


def _well(state: State) -> Status:
    return Status.RESTRICTED if state.restricted else Status.WORKING
