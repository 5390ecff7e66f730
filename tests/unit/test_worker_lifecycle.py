"""The life of a session: every status has an answer to every signal, and rest is left only when somebody asks."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.worker.effects import (
    Announce,
    AskAgain,
    AskCanary,
    CheckAcks,
    Effect,
    Launch,
    PublishCode,
    RefreshCode,
    Relaunch,
    Reload,
    Restore,
    StopBrowser,
    TakeOver,
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
    RestrictionSeen,
    UpdateNeeded,
)
from containers.worker.remedies import STEADY_S, attempts_for
from containers.worker.signals import (
    AcksBack,
    AcksMissing,
    LaunchFailed,
    LogoutAsked,
    Observation,
    ProfileLost,
    ProxyDown,
    RelinkDue,
    RestrictionOver,
    Signal,
    SleepAsked,
    StartAsked,
    StopAsked,
    UpdateCleared,
    UpdateHeld,
    signal_of,
)
from containers.worker.states import AT_REST, LINKED, LINKING, State, Status
from containers.worker.transitions import ROWS, TABLE

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
OFFERED = replace(READY, needs_update=True)
NO_PROXY = replace(QR, mode="PROXYBLOCK")
MESSAGE = MessageSeen(MessageKey(False, "1@c.us", "3EB0"), "chat", "hello", 1)

OF_EACH_SIGNAL: dict[Signal, Observation] = {
    Signal.START: StartAsked(),
    Signal.STOP: StopAsked(),
    Signal.SLEEP: SleepAsked(),
    Signal.LOG_OUT: LogoutAsked(),
    Signal.RELINK: RelinkDue(),
    Signal.PROXY_DOWN: ProxyDown("proxy_unreachable"),
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
    Signal.NEEDS_UPDATE: OLD,
    Signal.UPDATE_OFFERED: UpdateNeeded(),
    Signal.UPDATE_HELD: UpdateHeld(),
    Signal.UPDATE_CLEARED: UpdateCleared(),
    Signal.ACKS_MISSING: AcksMissing(),
    Signal.ACKS_BACK: AcksBack(),
    Signal.BROWSER_GONE: BrowserGone(),
    Signal.PAGE_CRASHED: PageCrashed(),
    Signal.OUT_OF_MEMORY: PageCrashed(out_of_memory=True),
    Signal.PAGE_HUNG: PageHung(),
    Signal.NOT_STARTED: LaunchFailed(),
    Signal.PROFILE_LOST: ProfileLost("profile_tampered"),
    Signal.NOT_LOADED: LaunchFailed("page_not_loaded"),
    Signal.LOGGED_OUT: LoggedOut("unknown_companion"),
    Signal.BANNED: BANNED,
    Signal.RESTRICTED: RestrictionSeen(),
    Signal.UNRESTRICTED: RestrictionOver(),
}
ANYTHING = [
    *OF_EACH_SIGNAL.values(),
    BrowserGone(out_of_memory=True),
    OFFERED,
    UpdateCleared(tested=False),
    LoginSeen(),
    LoggedOut(None),
    Gap(1, 2),
    MESSAGE,
]


_STARTS = (Launch, Relaunch, Restore)


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
            browser = isinstance(effect, _STARTS) or (browser and not isinstance(effect, StopBrowser))
        assert browser == (state.status not in AT_REST)
        assert state.codes <= 6
        assert state.cycles < 3
        assert state.relaunches <= max(attempts_for(signal) for signal in Signal if signal is not Signal.NOT_LOADED)
        assert state.unreached <= attempts_for(Signal.NOT_LOADED)
        assert state.reason or state.status not in (Status.FAILED, Status.DEGRADED, Status.LOGGED_OUT, Status.BANNED)


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
    assert effects == [Relaunch(1, 0.2), Announce(Status.DEGRADED, "browser_gone")]
    state, effects = live(state, BrowserGone(), READY, BrowserGone())
    assert [effect for effect in effects if isinstance(effect, Relaunch)] == [Relaunch(2, 2.0), Relaunch(3, 5.0)]


def test_too_many_crashes_fail_the_session() -> None:
    state, effects = live(after(READY), *[BrowserGone()] * (attempts_for(Signal.BROWSER_GONE) + 1))
    assert (state.status, state.reason) == (Status.FAILED, "browser_gone")
    assert StopBrowser() in effects


def test_crashes_are_counted_anew_after_steady_work() -> None:
    state = live(after(READY), *[BrowserGone()] * attempts_for(Signal.BROWSER_GONE), now=10.0)[0]
    state = live(state, READY, now=20.0)[0]
    state, effects = live(state, BrowserGone(), now=20.0 + STEADY_S)
    assert effects[0] == Relaunch(1, 0.2)


@pytest.mark.parametrize("status", sorted(LINKING))
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


@pytest.mark.parametrize("status", sorted(LINKED))
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


def test_an_update_is_a_reason_to_relaunch() -> None:
    state, effects = live(after(READY), OLD)
    assert (state.status, state.reason) == (Status.DEGRADED, "needs_update")
    assert effects[0] == Relaunch(1, 1.0)


def test_a_newer_page_is_asked_about_once_and_loaded_when_that_is_cleared() -> None:
    state, effects = live(after(READY), UpdateNeeded(), OFFERED, OFFERED)
    assert (state.status, effects) == (Status.WORKING, [AskCanary()])
    state, effects = live(state, UpdateCleared())
    assert (state.status, state.reason, effects[0]) == (Status.DEGRADED, "needs_update", Relaunch(1, 1.0))


def test_a_session_that_waits_for_the_canaries_is_degraded_and_sends() -> None:
    state = live(after(READY), OFFERED, UpdateHeld())[0]
    assert (state.status, state.reason, state.sends) == (Status.DEGRADED, "needs_update", True)
    away = live(state, replace(OFFERED, online=False))[0]
    assert (away.reason, away.sends) == ("offline", False)
    back, effects = live(away, OFFERED)
    assert (back.reason, back.sends, AskCanary() in effects) == ("needs_update", True, False)
    gone, effects = live(state, UpdateCleared())
    assert (effects, gone.sends) == ([Relaunch(1, 1.0)], False)


def test_an_update_that_is_taken_untested_says_so() -> None:
    effects = live(after(READY), OFFERED, UpdateHeld(), UpdateCleared(tested=False))[1]
    assert effects[-2:] == [Relaunch(1, 1.0), Announce(Status.DEGRADED, "update_untested")]


def test_an_answer_that_comes_after_the_page_was_loaded_anew_changes_nothing() -> None:
    state = live(after(READY), OFFERED, UpdateHeld(), PageCrashed(), READY)[0]
    assert live(state, UpdateCleared()) == (state, [])
    assert live(state, UpdateHeld()) == (state, [])


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


@given(st.lists(st.sampled_from(ANYTHING), max_size=40))
def test_every_live_state_has_a_way_to_work_and_a_way_to_rest(history: list[Observation]) -> None:
    state = live(State(), *history)[0]
    if state.status not in AT_REST:
        well = live(state, READY, AcksBack())[0]
        assert well.status in (Status.WORKING, Status.RESTRICTED)
        assert live(state, StopAsked())[0].status is Status.STOPPED


@pytest.mark.parametrize(
    "trouble",
    [BrowserGone(), PageCrashed(), PageHung(), LaunchFailed(), LaunchFailed("page_not_loaded"), OLD],
)
@pytest.mark.parametrize("well_between", [False, True])
def test_trouble_without_end_fails_with_its_name(trouble: Observation, well_between: bool) -> None:
    state, signal = after(READY), signal_of(trouble)
    assert signal is not None
    for attempt in range(1, attempts_for(signal) + 1):
        state, effects = live(state, trouble, *([READY] if well_between else []))
        assert [effect.attempt for effect in effects if isinstance(effect, Relaunch | Restore)] == [attempt]
    state, effects = live(state, trouble)
    assert state.status is Status.FAILED
    assert state.reason == signal
    assert StopBrowser() in effects


def test_the_last_good_copy_of_the_profile_is_tried_late_and_only_where_there_may_be_a_login() -> None:
    kinds = [type(e) for e in live(after(READY), *[BrowserGone()] * 5)[1] if isinstance(e, Relaunch | Restore)]
    assert kinds == [Relaunch, Relaunch, Relaunch, Restore, Relaunch]
    crashes: list[Observation] = [PageCrashed(), CodeShown("b")]
    shown = live(after(QR, CodeShown("a")), *crashes * 5)[1]
    assert not [effect for effect in shown if isinstance(effect, Restore)]


def test_missing_acknowledgements_are_healed_in_order_and_then_fail() -> None:
    state, done = after(READY), list[Effect]()
    for _ in range(attempts_for(Signal.ACKS_MISSING)):
        state, effects = live(state, AcksMissing())
        assert (state.status, state.reason) == (Status.DEGRADED, "acks_missing")
        assert live(state, AcksMissing()) == (state, []), "while the page comes back there is nothing to miss"
        done += effects
        state, effects = live(state, READY)
        assert (state.status, effects) == (Status.DEGRADED, [CheckAcks()]), "a page that loads is no proof"
    remedies = [type(effect) for effect in done if isinstance(effect, Reload | Relaunch | Restore)]
    assert remedies == [Reload, Relaunch, Relaunch, Restore, Relaunch]
    state = live(state, AcksMissing())[0]
    assert (state.status, state.reason) == (Status.FAILED, "acks_missing")


def test_an_acknowledgement_ends_the_doubt() -> None:
    state = live(after(READY), AcksMissing(), READY, AcksBack())[0]
    assert state.status is Status.WORKING
    early = live(after(READY), AcksMissing(), AcksBack())[0]
    assert early.status is Status.DEGRADED, "the page is still loading"
    assert live(early, READY)[0].status is Status.WORKING


def test_a_session_without_a_line_is_not_blamed_for_missing_acknowledgements() -> None:
    state = live(after(READY), OFFLINE)[0]
    assert live(state, AcksMissing()) == (state, [])


def test_the_line_is_left_to_another_browser_until_somebody_asks_for_it() -> None:
    state, effects = live(after(READY), CONFLICT, CONFLICT)
    assert (state.status, state.reason) == (Status.DEGRADED, "conflict")
    assert effects == [Announce(Status.DEGRADED, "conflict")]
    assert live(state, StartAsked())[1] == [TakeOver(0.0)]
    assert live(after(READY), StartAsked())[1] == [], "a start of a session that works changes nothing"


def test_by_a_setting_the_line_is_taken_back_but_not_for_ever() -> None:
    state = replace(after(READY), take_over_after=60.0)
    taken = []
    for _ in range(attempts_for(Signal.CONFLICT) + 3):
        state, effects = live(state, READY, CONFLICT)
        taken.append(effects.count(TakeOver(60.0)))
    assert taken == [1] * attempts_for(Signal.CONFLICT) + [0] * 3
    assert state.status is Status.DEGRADED, "it waits to be asked"


def test_an_idle_session_sleeps_and_wakes_when_asked() -> None:
    state, effects = live(after(READY, RestrictionSeen()), SleepAsked())
    assert (state.status, state.reason) == (Status.ASLEEP, "idle")
    assert StopBrowser() in effects
    state, effects = live(state, StartAsked())
    assert (state.status, state.reason) == (Status.STARTING, "waking")
    assert live(state, READY)[0].status is Status.RESTRICTED, "a restriction outlives sleep"


@pytest.mark.parametrize("state", [after(), after(QR, CodeShown("a")), after(SYNCING), after(READY, OFFLINE)])
def test_only_a_session_in_touch_goes_to_sleep(state: State) -> None:
    assert live(state, SleepAsked()) == (state, [])


def test_a_ban_is_never_answered_with_a_start() -> None:
    state, effects = live(after(READY), BANNED)
    assert (state.status, state.reason) == (Status.BANNED, "banned")
    assert not [effect for effect in effects if isinstance(effect, AskAgain | Launch | Relaunch | Restore | Reload)]
    for seen in ANYTHING:
        if not isinstance(seen, StartAsked | StopAsked):
            assert live(state, seen) == (state, [])


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (PageCrashed(), "page_crashed"), (PageCrashed(out_of_memory=True), "out_of_memory"),
        (BrowserGone(), "browser_gone"), (BrowserGone(out_of_memory=True), "out_of_memory"),
        (PageHung(), "page_hung"), (OFFLINE, "offline"), (CONFLICT, "conflict"), (AcksMissing(), "acks_missing"),
        (OLD, "needs_update"), (replace(READY, mode="PROXYBLOCK"), "proxy_blocked"),
    ],
)  # fmt: skip
def test_troubles_are_told_apart(seen: Observation, reason: str) -> None:
    state = live(after(READY), seen)[0]
    assert (state.status, state.reason) == (Status.DEGRADED, reason)


def test_a_whatsapp_out_of_reach_is_waited_for_long_and_uses_up_no_other_remedy() -> None:
    state, effects = live(after(READY), *[LaunchFailed("page_not_loaded")] * 100)
    assert (state.status, state.reason) == (Status.DEGRADED, "page_not_loaded")
    delays = [effect.delay for effect in effects if isinstance(effect, Relaunch)]
    assert max(delays) == delays[-1] == 60.0
    assert live(state, PageCrashed())[0].relaunches == 1


def test_a_dead_proxy_is_waited_for_without_end_and_counts_against_nobody() -> None:
    state, effects = live(after(READY), *[ProxyDown("proxy_unreachable")] * 12)
    assert (state.status, state.reason) == (Status.DEGRADED, "proxy_unreachable")
    delays = [effect.delay for effect in effects if isinstance(effect, Relaunch)]
    assert delays == [1, 2, 4, 8, 16, *[30] * 7]
    state, _ = live(state, READY)
    assert (state.status, state.relaunches) == (Status.WORKING, 0)
    assert live(State(), StartAsked(), ProxyDown("proxy_refused"))[0].status is Status.STARTING
