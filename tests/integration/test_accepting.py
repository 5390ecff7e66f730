"""Acceptance as one case of use: what is refused leaves nothing behind, what was accepted stays accepted."""

from pathlib import Path

import pytest

from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.domain.wanted import Wanted, text_to
from waypost.entities.schedule import waiting_by_due
from waypost.entities.session import Session
from waypost.errors import SessionNotLinked, ValidationError
from waypost.services.accepting import accept

ADA = parse_address("4915112345602")
ONE = make_id("msg", b"1" * 16)
LINKED = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running", me=b"x")
UNLINKED = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running")


def take(app: App, wanted: Wanted, session: Session = LINKED, message_id: str = ONE) -> Message:
    return accept(
        wanted, message_id=message_id, session=session, now_ms=app.now_ms(),
        table=app.table, queues=app.engine.queues, seals=app.seals, contacts=app.contacts,
    )  # fmt: skip


def test_a_retry_finds_what_was_accepted_although_it_would_be_refused_by_now(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        first = take(app, text_to(ADA, "hello"))
        assert take(app, text_to(ADA, "hello"), UNLINKED) == first


def test_who_is_refused_leaves_neither_a_contact_nor_a_place(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        with pytest.raises(SessionNotLinked):
            take(app, text_to(ADA, "hello"), UNLINKED)
        assert app.contacts.find(TENANT, ADA) is None
        assert waiting_by_due(app.table, SESSION, "interactive", limit=10) == []


def test_an_unknown_kind_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app, pytest.raises(ValidationError) as refused:
        take(app, Wanted(to=ADA, kind="hologram"))
    assert (refused.value.code, refused.value.field) == ("type_unknown", "type")
    assert "text" in (refused.value.mend or "")
