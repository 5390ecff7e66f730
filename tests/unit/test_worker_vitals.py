"""What proves that a session lives, why a browser ended, how long a restriction lasts, what the settings allow."""

import signal
from pathlib import Path

import pytest

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.crashes import Ending, count_kernel_kills, ran_out_of_memory
from containers.worker.naming import MessageKey
from containers.worker.observations import AckSeen, LoginSeen, MessageSeen
from containers.worker.restriction import Restriction
from containers.worker.vitals import Vitals
from waypost.domain.health import Evidence, evidence_from, says_something_new
from waypost.domain.ids import make_id, whatsapp_hex
from waypost.domain.upkeep import Upkeep, upkeep_from
from waypost.errors import ValidationError

NOW_MS = 1_800_000_000_000
OPEN = LoginSeen(injected=True, authenticated=True, main_loaded=True, mode="MAIN", info="NORMAL", online=True)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now_ms(self) -> int:
        return NOW_MS + int(self.seconds * 1000)


def vitals(clock: Clock, active_ms: int = 0) -> Vitals:
    return Vitals(Acknowledgements(clock, 30), now_ms=clock.now_ms, clock=clock, active_ms=active_ms)


def message(clock: Clock, *, from_me: bool = False, age: float = 0) -> MessageSeen:
    return MessageSeen(MessageKey(from_me, "1@c.us", "3EB0"), "chat", "hello", int(clock.now_ms() / 1000 - age))


def test_the_evidence_names_page_line_and_acknowledgements() -> None:
    clock = Clock()
    of = vitals(clock)
    of.note(OPEN)
    of.acks.awaited("a")
    clock.seconds = 7
    of.note(AckSeen(("3EB0",), 1, "1@c.us"))
    of.note(message(clock))
    clock.seconds = 9
    of.answered()
    assert of.evidence() == Evidence(
        checked_ms=NOW_MS + 9000, page_answered_ms=NOW_MS + 9000, socket="open", last_ack_ms=NOW_MS + 7000,
        acks_outstanding=1, oldest_unacknowledged_ms=NOW_MS, last_received_ms=NOW_MS + 7000,
    )  # fmt: skip


def test_a_refusal_is_no_acknowledgement_and_our_own_message_none_that_came() -> None:
    clock = Clock()
    of = vitals(clock)
    ours = make_id("msg", bytes(16))
    of.acks.awaited(ours)
    of.note(AckSeen((whatsapp_hex(ours),), -1, "1@c.us"))
    assert of.acks.outstanding == (), "a refused message is answered"
    of.note(message(clock, from_me=True))
    assert (of.evidence().last_ack_ms, of.evidence().last_received_ms) == (0, 0)


@pytest.mark.parametrize(
    ("online", "info", "socket"),
    [(True, "NORMAL", "open"), (False, "NORMAL", "closed"), (True, "TIMEOUT", "closed"), (None, "NORMAL", "unknown")],
)
def test_the_line_is_what_the_page_says_of_it(online: bool | None, info: str, socket: str) -> None:
    of = vitals(Clock())
    of.note(LoginSeen(injected=True, authenticated=True, mode="MAIN", info=info, online=online))
    assert of.evidence().socket == socket


def test_a_restart_of_the_browser_is_counted_with_its_reason() -> None:
    of = vitals(Clock())
    of.note(OPEN)
    of.troubled("page_hung")
    evidence = of.evidence()
    assert (evidence.restarts, evidence.last_trouble, evidence.socket) == (1, "page_hung", "unknown")


def test_evidence_survives_being_stored_and_what_is_not_stored_has_its_default() -> None:
    evidence = Evidence(checked_ms=5, socket="open", last_trouble="page_hung")
    assert evidence_from(evidence.as_item()) == evidence
    assert evidence_from({"socket": "open", "of_a_later_version": 1}) == Evidence(socket="open")


def test_that_the_page_answered_again_is_no_news() -> None:
    before = Evidence(checked_ms=1, page_answered_ms=1)
    assert not says_something_new(Evidence(checked_ms=2, page_answered_ms=2), before)
    assert says_something_new(Evidence(checked_ms=2, page_answered_ms=2, last_ack_ms=2), before)


def test_idleness_counts_from_the_last_message_also_over_a_move_to_another_worker() -> None:
    clock = Clock()
    of = vitals(clock, active_ms=NOW_MS - 3_600_000)
    assert of.idle_seconds == 3600
    of.note(message(clock, age=86_400))
    assert of.idle_seconds == 3600, "what had waited for us says nothing about now"
    of.note(message(clock))
    assert of.idle_seconds == 0


@pytest.mark.parametrize(
    ("ending", "kills", "expected"),
    [
        (Ending("crashed", signal.SIGTRAP), 0, True),
        (Ending("oom"), 0, True),
        (Ending("killed", signal.SIGKILL), 1, True),
        (Ending("killed", signal.SIGKILL), 0, False),
        (Ending("crashed", signal.SIGSEGV), 1, False),
        (Ending(), 1, True),
        (Ending(), 0, False),
    ],
)
def test_out_of_memory_is_told_from_other_endings(ending: Ending, kills: int, expected: bool) -> None:
    assert ran_out_of_memory(ending, kernel_kills=kills) is expected


def test_the_kernel_counts_its_kills_in_either_version_of_control_groups(tmp_path: Path) -> None:
    second, first = tmp_path / "memory.events", tmp_path / "memory.oom_control"
    assert count_kernel_kills((second, first)) == 0
    first.write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert count_kernel_kills((second, first)) == 2
    second.write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n")
    assert count_kernel_kills((second, first)) == 1


def test_a_restriction_lasts_as_long_as_whatsapp_says_or_as_the_setting_does() -> None:
    held = Restriction(0, Upkeep(restricted_seconds=100))
    assert held.begin(None, NOW_MS)
    assert held.until_ms == NOW_MS + 100_000
    assert not held.begin(None, NOW_MS + 50_000), "each refusal must not push the end away"
    assert held.until_ms == NOW_MS + 100_000
    assert held.begin(NOW_MS + 500_000, NOW_MS)
    assert not held.is_over(NOW_MS + 499_999)
    assert held.is_over(NOW_MS + 500_000)
    held.end()
    assert not held.is_over(NOW_MS + 900_000)


def test_the_settings_of_upkeep_are_numbers_with_a_bound() -> None:
    assert upkeep_from({}) == Upkeep()
    assert upkeep_from({"WAYPOST_IDLE_SECONDS": "2.5", "WAYPOST_TAKE_OVER_SECONDS": "0"}).idle_seconds == 2.5
    for wrong in ("soon", "-1", "0", "inf", "nan"):
        with pytest.raises(ValidationError, match="WAYPOST_IDLE_SECONDS"):
            upkeep_from({"WAYPOST_IDLE_SECONDS": wrong})
