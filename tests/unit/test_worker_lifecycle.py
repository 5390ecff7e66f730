"""The life of a session: every status has an answer to every signal, and rest is left only when somebody asks."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.worker.effects import (
    Announce,
    AskAgain,
    Effect,
    Launch,
    PublishCode,
    RefreshCode,
    Relaunch,
    StopBrowser,
    Unlink,
    WithdrawCode,
)
from containers.worker.lifecycle import step
from containers.worker.observations import (
    BrowserGone,
    CodeShown,
    Gap,
    Idle,
    LoggedOut,
    LoginSeen,
    MessageKey,
    MessageSeen,
    PageCrashed,
    PageHung,
    PasskeyAsked,
    UpdateNeeded,
)
from containers.worker.signals import (
    LaunchFailed,
    LogoutAsked,
    Observation,
    ProfileLost,
    RelinkDue,
    RestrictionOver,
    RestrictionSeen,
    Signal,
    StartAsked,
    StopAsked,
    signal_of,
)
from containers.worker.states import AT_REST, LINKED, LINKING, State, Status
from containers.worker.transitions import MAX_RELAUNCHES, ROWS, STEADY_S, TABLE

QR = LoginSeen(injected=True, mode="QR", info="PAIRING")
PAIRING = LoginSeen(injected=True, mode="SYNCING", info="PAIRING")
SYNCING = LoginSeen(injected=True, authenticated=True, mode="SYNCING", info="SYNCING")
READY = LoginSeen(
    injected=True, full_ready=True, authenticated=True, main_loaded=True, mode="MAIN", info="NORMAL", online=True
)
OFFLINE = replace(READY, online=False)
BANNED = replace(READY, mode="TOS_BLOCK")
CONFLICT = replace(READY, mode="CONFLICT", info="OFFLINE")
OLD = replace(READY, mode="DEPRECATED_VERSION")
NO_PROXY = replace(QR, mode="PROXYBLOCK")
MESSAGE = MessageSeen(MessageKey(False, "1@c.us", "3EB0"), "chat", "hello", 1)

OF_EACH_SIGNAL: dict[Signal, Observation] = {
    Signal.START: StartAsked(),
    Signal.STOP: StopAsked(),
    Signal.LOG_OUT: LogoutAsked(),
    Signal.RELINK: RelinkDue(),
    Signal.CODE: CodeShown("2@code"),
    Signal.CODE_GONE: CodeShown(None),
    Signal.IDLE: Idle(),
    Signal.UNLINKED: QR,
    Signal.PAIRING: PAIRING,
    Signal.PASSKEY: PasskeyAsked(),
    Signal.SYNCING: SYNCING,
    Signal.READY: READY,
    Signal.OFFLINE: OFFLINE,
    Signal.PROXY_BLOCKED: NO_PROXY,
    Signal.CONFLICT: CONFLICT,
    Signal.NEEDS_UPDATE: UpdateNeeded(),
    Signal.BROWSER_GONE: BrowserGone(),
    Signal.PAGE_HUNG: PageHung(),
    Signal.NOT_STARTED: LaunchFailed(),
    Signal.PROFILE_LOST: ProfileLost("profile_tampered"),
    Signal.LOGGED_OUT: LoggedOut("unknown_companion"),
    Signal.BANNED: BANNED,
    Signal.RESTRICTED: RestrictionSeen(),
    Signal.UNRESTRICTED: RestrictionOver(),
}
ANYTHING = [*OF_EACH_SIGNAL.values(), PageCrashed(), OLD, LoginSeen(), LoggedOut(None), Gap(1, 2), MESSAGE]


def live(state: State, *observations: Observation, now: float = 0.0) -> tuple[State, list[Effect]]:
    done: list[Effect] = []
    for observation in observations:
        state, effects = step(state, observation, now)
        done += effects
    return state, done


def after(*observations: Observation) -> State:
    return live(State(), StartAsked(), *observations)[0]


def test_every_status_has_exactly_one_answer_to_every_signal() -> None:
    answers = Counter((status, signal) for signal, statuses, _ in ROWS for status in statuses)
    assert answers == Counter((status, signal) for status in Status for signal in Signal)
    assert len(TABLE) == len(Status) * len(Signal)


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_comes_from_an_observation(signal: Signal) -> None:
    assert signal_of(OF_EACH_SIGNAL[signal]) is signal


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("status", Status)
def test_a_change_of_status_is_announced_last_and_once(status: Status, signal: Signal) -> None:
    before = State(status)
    state, effects = step(before, OF_EACH_SIGNAL[signal], 0.0)
    told = [effect for effect in effects if isinstance(effect, Announce)]
    changed = (state.status, state.reason) != (before.status, before.reason)
    assert told == ([Announce(state.status, state.reason)] if changed else [])
    assert not told or effects[-1] == told[0]


@given(st.lists(st.tuples(st.sampled_from(ANYTHING), st.floats(0, 1000)), max_size=60))
def test_no_history_raises_and_rest_lasts_until_asked(history: list[tuple[Observation, float]]) -> None:
    state, now, browser = State(), 0.0, False
    for observation, passed in history:
        now += passed
        before = state
        state, effects = step(state, observation, now)
        if before.status in AT_REST and not isinstance(observation, StartAsked | StopAsked):
            assert (state, effects) == (before, ())
        for effect in effects:
            browser = isinstance(effect, Launch | Relaunch) or (browser and not isinstance(effect, StopBrowser))
        assert browser == (state.status not in AT_REST)
        assert state.codes <= 6
        assert state.cycles < 3
        assert state.relaunches <= MAX_RELAUNCHES


@given(st.lists(st.sampled_from(ANYTHING), max_size=60))
def test_a_code_on_show_is_withdrawn_before_the_status_leaves_scan_qr(history: list[Observation]) -> None:
    state, shown = State(), False
    for observation in history:
        state, effects = step(state, observation, 0.0)
        for effect in effects:
            shown = isinstance(effect, PublishCode) or (shown and effect != WithdrawCode())
        assert not shown or state.status is Status.SCAN_QR


def test_linking_goes_from_code_to_working() -> None:
    state, effects = live(State(), StartAsked(), QR, CodeShown("a"), CodeShown("b"), PAIRING, SYNCING, READY)
    assert state == replace(State(Status.WORKING), ready_since=0.0)
    assert [type(effect) for effect in effects if not isinstance(effect, Announce)] == [
        Launch,
        PublishCode,
        PublishCode,
        WithdrawCode,
    ]
    assert [e.status for e in effects if isinstance(e, Announce)] == [
        "starting",
        "scan_qr",
        "pairing",
        "syncing",
        "working",
    ]
    assert [e.sequence for e in effects if isinstance(e, PublishCode)] == [1, 2]


def test_a_restored_login_shows_no_code() -> None:
    state, effects = live(State(), StartAsked(), replace(READY, mode=None, info=None, full_ready=False), READY)
    assert state.status is Status.WORKING
    assert not [effect for effect in effects if isinstance(effect, PublishCode | WithdrawCode)]


def test_three_idle_cycles_of_codes_end_the_login() -> None:
    cycle: list[Observation] = [*(CodeShown(str(n)) for n in range(6)), Idle()]
    state, effects = live(after(), *cycle, *cycle)
    assert state.status is Status.SCAN_QR
    assert effects.count(RefreshCode()) == 2
    state, effects = live(state, *cycle)
    assert (state.status, state.reason) == (Status.FAILED, "qr_attempts_exhausted")
    assert effects[-3:] == [WithdrawCode(), StopBrowser(), Announce(Status.FAILED, "qr_attempts_exhausted")]
    assert live(state, CodeShown("late"), QR) == (state, [])
    assert live(state, StartAsked())[0] == State(Status.STARTING)


def test_codes_that_never_go_idle_are_counted_too() -> None:
    state, effects = live(after(), *(CodeShown(str(n)) for n in range(19)))
    assert (state.status, state.reason) == (Status.FAILED, "qr_attempts_exhausted")
    assert len([effect for effect in effects if isinstance(effect, PublishCode)]) == 18


def test_a_crash_while_working_degrades_and_relaunches_with_back_off() -> None:
    state, effects = live(after(READY), BrowserGone())
    assert (state.status, state.reason) == (Status.DEGRADED, "browser_gone")
    assert effects == [Relaunch(1, 1.0), Announce(Status.DEGRADED, "browser_gone")]
    state, effects = live(state, BrowserGone(), READY, BrowserGone())
    assert [effect for effect in effects if isinstance(effect, Relaunch)] == [Relaunch(2, 2.0), Relaunch(3, 4.0)]


def test_too_many_crashes_fail_the_session() -> None:
    state, effects = live(after(READY), *[BrowserGone()] * (MAX_RELAUNCHES + 1))
    assert (state.status, state.reason) == (Status.FAILED, "browser_gone")
    assert StopBrowser() in effects


def test_crashes_are_counted_anew_after_steady_work() -> None:
    state = live(after(READY), *[BrowserGone()] * MAX_RELAUNCHES, now=10.0)[0]
    state = live(state, READY, now=20.0)[0]
    state, effects = live(state, BrowserGone(), now=20.0 + STEADY_S)
    assert effects[0] == Relaunch(1, 1.0)


@pytest.mark.parametrize("status", LINKING)
def test_a_crash_while_linking_starts_again(status: Status) -> None:
    assert live(State(status), PageCrashed())[0].status is Status.STARTING


def test_a_logout_by_the_phone_asks_for_a_new_code() -> None:
    state, effects = live(after(READY), LoggedOut("unknown_companion"))
    assert (state.status, state.reason) == (Status.LOGGED_OUT, "unknown_companion")
    assert effects[:2] == [StopBrowser(), AskAgain()]


def test_a_logout_that_we_asked_for_does_not() -> None:
    state, effects = live(after(READY), LogoutAsked(), LoggedOut("user_initiated"))
    assert (state.status, state.reason) == (Status.LOGGED_OUT, "requested")
    assert effects[:2] == [Unlink(), StopBrowser()]


@pytest.mark.parametrize("status", LINKED)
def test_a_page_that_forgot_its_login_is_logged_out(status: Status) -> None:
    assert live(State(status), QR)[0].reason == "login_lost"


def test_a_lost_line_degrades_and_comes_back() -> None:
    state = live(after(READY), OFFLINE)[0]
    assert (state.status, state.reason) == (Status.DEGRADED, "offline")
    assert live(state, READY)[0].status is Status.WORKING


def test_a_restriction_outlives_a_relaunch() -> None:
    state = live(after(READY), RestrictionSeen(), BrowserGone(), READY)[0]
    assert state.status is Status.RESTRICTED
    assert live(state, RestrictionOver())[0].status is Status.WORKING


@pytest.mark.parametrize(("seen", "reason"), [(CONFLICT, "conflict"), (OLD, "needs_update")])
def test_conflict_and_update_are_reasons_to_relaunch(seen: LoginSeen, reason: str) -> None:
    state, effects = live(after(READY), seen)
    assert (state.status, state.reason) == (Status.DEGRADED, reason)
    assert effects[0] == Relaunch(1, 1.0)


def test_a_ban_ends_the_browser() -> None:
    assert live(after(READY), BANNED)[1][:1] == [StopBrowser()]


def test_effects_do_not_print_the_code() -> None:
    assert "2@secret" not in repr(live(after(), CodeShown("2@secret"))[1]) + repr(CodeShown("2@secret"))


def test_a_code_says_its_place_in_the_cycle_and_which_attempt_it_belongs_to() -> None:
    codes = [CodeShown(f"2@{number}") for number in range(8)]
    _, effects = live(State(), StartAsked(), *codes[:6], Idle(), *codes[6:])
    shown = [effect for effect in effects if isinstance(effect, PublishCode)]
    assert [code.sequence for code in shown] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [(code.attempt, code.position) for code in shown[4:]] == [(1, 5), (1, 6), (2, 1), (2, 2)]


def test_a_page_that_is_loaded_anew_begins_a_cycle_and_keeps_the_attempt() -> None:
    """Its first code lives 60 s: taken for the third of a cycle it would be called dead after 20."""
    _, effects = live(State(), StartAsked(), CodeShown("2@1"), CodeShown("2@2"), Idle(), CodeShown("2@3"),
                      BrowserGone(), CodeShown("2@4"))  # fmt: skip
    last = [effect for effect in effects if isinstance(effect, PublishCode)][-1]
    assert (last.sequence, last.position, last.attempt) == (4, 1, 2)


def test_the_policy_unlinks_until_it_is_done_and_asks_for_a_new_code_by_itself() -> None:
    state, effects = live(after(READY), RelinkDue(), RelinkDue())
    assert (state.status, effects) == (Status.WORKING, [Unlink(), Unlink()])
    state, done = step(state, LoggedOut("user_initiated"), 0.0)
    assert (state.status, state.reason) == (Status.LOGGED_OUT, "policy")
    assert done == (StopBrowser(), AskAgain(), Announce(Status.LOGGED_OUT, "policy"))
    assert step(state, StartAsked(), 0.0)[0] == State(Status.STARTING)


def test_a_code_that_was_taken_is_withdrawn_although_the_screen_still_is_the_one_of_codes() -> None:
    state, effects = live(after(CodeShown("2@1")), replace(QR, pairing=True))
    assert (state.status, effects[0]) == (Status.PAIRING, WithdrawCode())
    state, _ = step(state, PasskeyAsked(), 0.0)
    assert state.status is Status.PASSKEY_REQUIRED
    assert step(state, replace(QR, pairing=True), 0.0)[0].status is Status.PASSKEY_REQUIRED
    assert live(state, QR, CodeShown("2@2"))[0].status is Status.SCAN_QR, "refused: codes again"
