"""Which worker takes a session, and which session a crowded worker gives away."""

from pathlib import Path

import pytest

from containers.worker.memory import share_in_use
from waypost.domain.placement import (
    Held,
    Load,
    Placing,
    may_take,
    placing_from,
    seconds_before_claiming,
    should_hand_over,
    which_to_hand_over,
)
from waypost.errors import ValidationError

PLACING = Placing()


def load(used: int, memory: float = 0.3, worker: str = "wrk_1") -> Load:
    return Load(worker, used, 5, memory)


def test_the_roomiest_worker_answers_at_once_and_the_others_later() -> None:
    empty, half, full = load(0, worker="wrk_2"), load(2), load(5, worker="wrk_3")
    assert seconds_before_claiming(empty, [half, full], PLACING) == 0
    assert seconds_before_claiming(half, [full], PLACING) == 0
    assert (
        0 < seconds_before_claiming(half, [empty], PLACING) <= seconds_before_claiming(load(4), [empty, half], PLACING)
    )


def test_a_crowded_worker_takes_nothing_and_is_waited_for_by_nobody() -> None:
    crowded = load(0, memory=0.85)
    assert not may_take(crowded, PLACING)
    assert not may_take(load(5), PLACING)
    assert seconds_before_claiming(load(3), [crowded], PLACING) == 0


@pytest.mark.parametrize(
    ("mine", "others", "hands_over"),
    [
        (load(3, 0.95), [load(1, 0.5)], True),
        (load(3, 0.85), [load(1, 0.5)], False),  # between the lines nothing moves
        (load(3, 0.95), [], False),
        (load(3, 0.95), [load(1, 0.85)], False),  # who would be over the line next
        (load(3, 0.95), [load(5, 0.2)], False),
        (load(1, 0.95), [load(0, 0.1)], False),  # moving the only one moves the trouble
    ],
)
def test_a_session_moves_only_to_who_has_room_for_it(mine: Load, others: list[Load], hands_over: bool) -> None:
    assert should_hand_over(mine, others, PLACING) == hands_over


def test_the_biggest_idle_session_goes() -> None:
    small, big = Held("ses_1", 100, 60), Held("ses_2", 200, 60)
    busy, sending = Held("ses_3", 900, 5), Held("ses_4", 900, 60, sending=True)
    assert which_to_hand_over([small, big, busy, sending]) == "ses_2"
    assert which_to_hand_over([busy, sending]) is None


def test_thresholds_that_make_no_sense_are_refused() -> None:
    assert placing_from({"WAYPOST_STARTS_AT_ONCE": "3"}).starts_at_once == 3
    for wrong in (
        {"WAYPOST_CLAIM_BELOW_MEMORY": "0.95"},
        {"WAYPOST_STARTS_AT_ONCE": "0"},
        {"WAYPOST_STARTS_AT_ONCE": "x"},
    ):
        with pytest.raises(ValidationError):
            placing_from(wrong)


def test_memory_is_that_of_the_control_group_with_a_limit(tmp_path: Path) -> None:
    cgroups, proc = tmp_path / "cgroup", tmp_path / "proc"
    task = cgroups / "ecs/task/container"
    task.mkdir(parents=True)
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text("4:memory:/old\n0::/ecs/task/container\n")
    (task / "memory.max").write_text("max\n")
    (task.parent / "memory.max").write_text("1000\n")
    (task.parent / "memory.current").write_text("900\n")
    (task.parent / "memory.stat").write_text("anon 600\ninactive_file 200\n")
    assert share_in_use(cgroups, proc) == 0.7


def test_without_a_limit_memory_is_that_of_our_own_processes() -> None:
    assert 0 < share_in_use(Path("/nonexistent")) <= 1
