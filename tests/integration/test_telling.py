"""How a message ends that nobody handed over: not at all, once somebody has begun to."""

from pathlib import Path

import pytest

from tests.integration.sending_house import accept, log_of, sending_app
from waypost.domain.message import Status
from waypost.entities.head import get_head
from waypost.entities.message import get_message, step_write
from waypost.services.journal import append
from waypost.services.telling import ended_unsent

MESSAGE = "msg_" + "0" * 26


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_somebody_has_begun_to_hand_over_does_not_end_as_unsent(tmp_path: Path, status: Status) -> None:
    with sending_app(tmp_path) as app:
        message = accept(app, "4915112345601", "hello", MESSAGE)
        entry = ended_unsent(message, status, "expires_at", app.now_ms(), contacts=app.contacts)
        app.table.update(step_write(MESSAGE, "accepted", "sending", {"sending": app.now_ms()}))
        head = get_head(app.table, message.session)
        assert head is not None
        done = append([entry], head=head, table=app.table, seals=app.seals, epoch=None)
        stored = get_message(app.table, MESSAGE)
        assert stored is not None
        assert (done.refused, stored.status, log_of(app)) == ((0,), "sending", [])
