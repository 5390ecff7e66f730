"""The launcher's book: who may live until when, and which requests it understands."""

import pytest

from containers.worker.launcher_book import (
    Book,
    Deadline,
    NotARequest,
    Process,
    Register,
    Release,
    read_request,
)

ONE, OTHER = Process(100, 1), Process(200, 2)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        (b'{"do": "register", "session": "ses_1", "pid": 7}\n', Register("ses_1", 7)),
        (b'{"do": "deadline", "session": "ses_1", "boottime": 12.5}\n', Deadline("ses_1", 12.5)),
        (b'{"do": "release", "session": "ses_1"}\n', Release("ses_1")),
    ],
)
def test_requests_are_read(line: bytes, request_: object) -> None:
    assert read_request(line) == request_


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"not json\n",
        b"[]\n",
        b'"register"\n',
        b'{"do": "kill", "session": "s"}\n',
        b'{"do": ["register"], "session": "s"}\n',
        b'{"do": "register", "session": "s"}\n',
        b'{"do": "register", "session": "s", "pid": 1}\n',
        b'{"do": "register", "session": "s", "pid": true}\n',
        b'{"do": "register", "session": "", "pid": 7}\n',
        b'{"do": "deadline", "session": "s", "boottime": "soon"}\n',
        b'{"do": "deadline", "session": "s", "boottime": NaN}\n',
        b'{"do": "deadline", "session": "s", "boottime": -1}\n',
        b"\xff\n",
    ],
)
def test_nonsense_is_not_a_request(line: bytes) -> None:
    with pytest.raises(NotARequest):
        read_request(line)


def test_a_browser_is_due_at_its_deadline() -> None:
    book = Book()
    book.renew("ses_1", 15.0)
    assert book.register("ses_1", ONE, now=1.0)
    assert book.next_deadline() == 15.0
    assert book.due(14.9) == set()
    assert book.due(15.0) == {ONE}
    assert book.due(15.0) == set()
    assert book.next_deadline() is None


def test_a_renewal_moves_the_deadline() -> None:
    book = Book()
    book.renew("ses_1", 50.0)
    book.register("ses_1", ONE, now=0.0)
    book.renew("ses_1", 100.0)
    assert book.due(99.0) == set()


def test_a_browser_nobody_vouches_for_is_not_taken() -> None:
    book = Book()
    assert not book.register("ses_1", ONE, now=5.0)
    assert book.next_deadline() is None


def test_after_the_deadline_no_browser_is_taken_until_it_is_renewed() -> None:
    book = Book()
    book.renew("ses_1", 10.0)
    assert not book.register("ses_1", ONE, now=10.0)
    book.renew("ses_1", 20.0)
    assert book.register("ses_1", ONE, now=10.0)


def test_sessions_have_deadlines_of_their_own() -> None:
    book = Book()
    book.renew("ses_1", 10.0)
    book.renew("ses_2", 20.0)
    book.register("ses_1", ONE, now=0.0)
    book.register("ses_2", OTHER, now=0.0)
    assert book.due(10.0) == {ONE}
    assert book.all_browsers() == {OTHER}


def test_a_release_hands_out_what_must_end_and_forgets_the_session() -> None:
    book = Book()
    book.renew("ses_1", 10.0)
    book.register("ses_1", ONE, now=0.0)
    assert book.release("ses_1") == {ONE}
    assert book.release("ses_1") == set()
    assert not book.register("ses_1", OTHER, now=5.0), "it was still starting when its session was released"
