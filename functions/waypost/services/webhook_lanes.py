"""Delivering what an endpoint is owed in one lane: in order, one event at a time, until it is empty or one fails.

An event that fails holds up its lane only. An endpoint that gives no answer at all is tried by one lane at a time, so
that a host that hangs cannot take up every consumer. At least once: a crash between the post and `pay` posts again,
under the same id.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waypost.domain.event import event_id
from waypost.domain.webhook import LONGEST_RETRY_SECONDS, RETRY_FOR_SECONDS, retry_delay
from waypost.entities.event import list_events
from waypost.entities.webhook import Endpoint, disable_endpoint, get_endpoint
from waypost.entities.webhook_health import Health, get_health, note_answer, note_silence, take_trial
from waypost.entities.webhook_lane import (
    Lane,
    LaneState,
    Owed,
    bury,
    drop_lane,
    keep_lane,
    leave_lane,
    list_owed,
    pay,
    pay_last,
    take_lane,
)
from waypost.errors import NetworkError, ValidationError
from waypost.ports import Queues, Table
from waypost.services.cloudevents import open_cloudevent, to_json
from waypost.services.sealing import Seals
from waypost.services.webhook_delivery import Destination, Transport, open_destination, post_event
from waypost.services.webhook_journal import DeliveryLog
from waypost.services.webhook_nudges import nudge_lane

LEASE_MS = 40_000  # longer than the function may run, shorter than its queue's visibility
SECONDS = 12.0  # then the lane goes on by another message; a last post of 10 s still fits the function's 30 s
SILENCES_ALLOWED = 3  # then the other lanes wait for the one that tries
_TRIAL_MS = 15_000
_EARLIER_MS = 500  # a lane is free a little before its timer rings, because the queue's clock may differ
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Courier:
    """What delivering needs. `chance` is in [0, 1)."""

    table: Table
    queues: Queues
    seals: Seals
    transport: Transport
    now_ms: Callable[[], int]
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event was not taken, and how long the endpoint asked to be left alone."""

    reason: str
    retry_after: float = 0
    gone: bool = False
    silent: bool = False


def deliver(lane: Lane, courier: Courier) -> None:
    """Handle a lane's message."""
    table, now = courier.table, courier.now_ms()
    endpoint = get_endpoint(table, lane.tenant, lane.hook)
    if endpoint is None:
        return drop_lane(table, lane)
    state = take_lane(table, lane, now, now + LEASE_MS)
    if state is None:
        return None  # who has it sees what was noted since; what waits for its time has a timer
    if endpoint.disabled is not None:
        return _give_up(lane, state, f"the endpoint is disabled: {endpoint.disabled}", courier)
    health = get_health(table, lane.hook)
    if health is not None and not _may_try(lane, health, courier):
        return _wait(lane, state, health, courier)
    log = DeliveryLog(lane.hook, table, courier.now_ms)
    try:
        return _empty(lane, state, endpoint, health, log, courier)
    finally:
        log.write()


def _empty(
    lane: Lane, state: LaneState, endpoint: Endpoint, health: Health | None, log: DeliveryLog, courier: Courier
) -> None:
    """Post what is owed until nothing is, something fails, or the time is up."""
    destination = open_destination(courier.seals, endpoint, courier.now_ms())
    ends = time.monotonic() + SECONDS
    held: LaneState | None = state
    attempts = state.attempts
    while held is not None:
        owed = list_owed(courier.table, lane, limit=_PAGE)
        if not owed and pay_last(courier.table, lane, held, None):
            return None
        for left, event in zip(range(len(owed), 0, -1), owed, strict=True):
            if time.monotonic() > ends:
                return _leave(lane, held, 0, attempts, "", courier)
            failure = _post(lane, event, destination, attempts + 1, log, courier)
            health = _note_health(lane, health, failure, courier)
            if failure is not None:
                return _fail(lane, held, failure, attempts + 1, courier)
            attempts = 0
            if left == 1 and len(owed) < _PAGE and pay_last(courier.table, lane, held, event):
                return None
            pay(courier.table, lane, event)
        held = keep_lane(courier.table, lane, held, courier.now_ms() + LEASE_MS)
    return None


def _post(
    lane: Lane, owed: Owed, destination: Destination, attempt: int, log: DeliveryLog, courier: Courier
) -> Failure | None:
    stored = list_events(courier.table, lane.session, owed.generation, after=owed.number - 1, limit=1)
    if not stored or stored[0].number != owed.number:
        return None  # the log no longer has it: there is nothing to send
    body = to_json(open_cloudevent(courier.seals, stored[0]))
    name = event_id(lane.session, owed.generation, owed.number)
    with log.attempt(name, attempt) as result:
        try:
            answer = post_event(destination, name, body, transport=courier.transport)
        except NetworkError as error:
            result.error = error.message
            return Failure(error.message, silent=True)
        except ValidationError as error:
            result.error = error.message
            return Failure(error.message)
        result.status = answer.status
        if answer.taken:
            return None
        result.error = f"it answered {answer.status}"
        return Failure(result.error, answer.retry_after or 0, gone=answer.status == 410)


def _fail(lane: Lane, state: LaneState, failure: Failure, attempts: int, courier: Courier) -> None:
    if failure.gone:
        # Standard Webhooks: 410 says that the receiver wants nothing more.
        disable_endpoint(courier.table, lane.tenant, lane.hook, failure.reason)
        return _give_up(lane, state, failure.reason, courier)
    _bury_expired(lane, failure.reason, courier)
    wanted = max(retry_delay(attempts, courier.chance()), round(failure.retry_after))
    return _leave(lane, state, min(wanted, LONGEST_RETRY_SECONDS), attempts, failure.reason, courier)


def _leave(lane: Lane, state: LaneState, seconds: int, attempts: int, error: str, courier: Courier) -> None:
    """Give the lane up until then, and set its timer. The timer comes second: before, it would find the lane held."""
    not_before_ms = courier.now_ms() + seconds * 1000 - _EARLIER_MS
    if leave_lane(courier.table, lane, state, not_before_ms=not_before_ms, attempts=attempts, error=error):
        nudge_lane(lane, queues=courier.queues, after_seconds=seconds)


def _may_try(lane: Lane, health: Health, courier: Courier) -> bool:
    if health.silences < SILENCES_ALLOWED:
        return True
    now = courier.now_ms()
    return health.until_ms <= now and take_trial(courier.table, lane.hook, health, now + _TRIAL_MS)


def _wait(lane: Lane, state: LaneState, health: Health, courier: Courier) -> None:
    """Somebody else tries the endpoint. Counts as no attempt, but what is too old dies here too."""
    reason = "the endpoint does not answer"
    _bury_expired(lane, reason, courier)
    seconds = max(0, health.until_ms - courier.now_ms()) / 1000 + 1 + courier.chance()
    _leave(lane, state, min(round(seconds), LONGEST_RETRY_SECONDS), state.attempts, reason, courier)


def _note_health(lane: Lane, health: Health | None, failure: Failure | None, courier: Courier) -> Health | None:
    if failure is not None and failure.silent:
        silences = (health.silences if health else 0) + 1
        pause = retry_delay(max(1, silences - SILENCES_ALLOWED), courier.chance())
        return note_silence(courier.table, lane.hook, courier.now_ms() + pause * 1000)
    if health is not None:
        note_answer(courier.table, lane.hook)
    return None


def _give_up(lane: Lane, state: LaneState, reason: str, courier: Courier) -> None:
    """All that is owed goes to the dead letters."""
    held: LaneState | None = state
    while held is not None:
        while owed := list_owed(courier.table, lane, limit=_PAGE):
            bury(courier.table, lane, owed, reason, courier.now_ms())
        if pay_last(courier.table, lane, held, None):
            return
        held = keep_lane(courier.table, lane, held, courier.now_ms() + LEASE_MS)


def _bury_expired(lane: Lane, reason: str, courier: Courier) -> None:
    """What was tried in vain for RETRY_FOR_SECONDS goes to the dead letters, and so does what waited behind it as
    long: else a dead endpoint's events would each have their own three days, one after the other."""
    now = courier.now_ms()
    while True:
        owed = list_owed(courier.table, lane, limit=_PAGE)
        expired = _expired(owed, now)
        if expired:
            bury(courier.table, lane, expired, reason, now)
        if len(expired) < _PAGE:
            return


def _expired(owed: Sequence[Owed], now_ms: int) -> list[Owed]:
    return [event for event in owed if event.noted_ms + RETRY_FOR_SECONDS * 1000 <= now_ms]
