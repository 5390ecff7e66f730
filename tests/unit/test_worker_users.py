"""Which user id a session's browser gets."""

import pytest

from containers.worker.users import Seats, Users, users_from


def test_users_are_named_by_the_environment() -> None:
    assert users_from({"WAYPOST_USERS": "10001:10100-10199"}) == Users(10001, 10100, 10199)
    assert users_from({}) is None


@pytest.mark.parametrize("text", ["10001", "10001:10100", "0:10100-10199", "10001:10-20", "10150:10100-10199", "a:b-c"])
def test_users_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        users_from({"WAYPOST_USERS": text})


def test_a_session_keeps_its_user_and_shares_it_with_no_other() -> None:
    seats = Seats(Users(2000, 3000, 3001))
    one, other = seats.of("ses_1", ()), seats.of("ses_2", ())
    assert one != other
    assert (seats.of("ses_1", ()), seats.of("ses_2", ())) == (one, other)


def test_when_all_are_taken_the_one_without_a_browser_makes_room() -> None:
    seats = Seats(Users(2000, 3000, 3001))
    one, _ = seats.of("ses_1", ()), seats.of("ses_2", ())
    assert seats.of("ses_3", {"ses_2"}) == one
    with pytest.raises(LookupError):
        seats.of("ses_4", {"ses_2", "ses_3"})
