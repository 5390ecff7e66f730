"""What waits for a time of its own, is held, or is over: sent when it may be, and never before."""

import asyncio
from pathlib import Path

from tests.integration.sending_house import SESSION, TENANT, FakeWhatsApp, log_of, sender, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.domain.message import Message
from waypost.domain.wanted import text_to
from waypost.entities.message import get_message
from waypost.entities.schedule import next_due, page_waiting
from waypost.entities.session import Session
from waypost.services.accepting import accept
from waypost.services.queue_cancel import Canceller, Filter
from waypost.services.queue_control import pause_lanes, resume_lanes
from waypost.services.sending import feed

ADA, GRACE = "4915112345602", "4915112345603"
LINKED = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running", me=b"x")
HOUR_MS = 3_600_000


def take(app: App, count: int, to: str = ADA, *, now_ms: int | None = None, **more: int) -> Message:
    return accept(
        text_to(parse_address(to), f"text {count}", lane="bulk", **more),
        message_id=make_id("msg", count.to_bytes(16)), session=LINKED, now_ms=now_ms or app.now_ms(),
        table=app.table, queues=app.engine.queues, seals=app.seals, contacts=app.contacts,
    )  # fmt: skip


def send(app: App, whatsapp: FakeWhatsApp, contact: str, up_to: int) -> None:
    async def story() -> None:
        async with sender(app, whatsapp) as sending:
            await sending.send_due(contact, "bulk", up_to=up_to)

    asyncio.run(story())


def fed(app: App, now_ms: int) -> int:
    return feed(
        SESSION, "bulk", in_hand=(), unique=str(now_ms), now_ms=now_ms, table=app.table, queues=app.engine.queues
    )


def test_a_message_with_a_time_waits_for_it_and_holds_nobody_up(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        later = app.now_ms() + HOUR_MS
        first = take(app, 1, send_at_ms=later)
        take(app, 2)
        whatsapp = FakeWhatsApp()
        send(app, whatsapp, first.contact, 2)
        assert [text for _, text in whatsapp.filed] == ["text 2"]
        assert app.engine.queues.queue(f"bulk-{SESSION}").depth() == 1  # the hint of the second one
        assert next_due(app.table, SESSION, "bulk", after_ms=app.now_ms()) == later
        assert fed(app, later - 1) == 0
        assert fed(app, later) == 1


def test_what_expired_is_not_sent_and_says_so(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        message = take(app, 1, now_ms=app.now_ms() - HOUR_MS, expires_ms=app.now_ms() - 1)
        whatsapp = FakeWhatsApp()
        send(app, whatsapp, message.contact, 1)
        stored = get_message(app.table, message.id)
        assert stored is not None
        assert (stored.status, stored.reason, whatsapp.filed) == ("expired", "expires_at", [])
        assert log_of(app)[-1][1:] == ("message_status_update", message.id)


def test_a_paused_lane_hands_nothing_over_until_it_goes_on(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        tools = {"now_ms": app.now_ms(), "table": app.table, "queues": app.engine.queues, "seals": app.seals}
        message = take(app, 1)
        for _ in range(2):  # safe to repeat: one event
            pause_lanes(LINKED, ["bulk"], **tools)  # type: ignore[arg-type]
        whatsapp = FakeWhatsApp()
        send(app, whatsapp, message.contact, 1)
        assert whatsapp.filed == []
        assert fed(app, app.now_ms()) == 0
        depth = app.engine.queues.queue(f"bulk-{SESSION}").depth()
        for _ in range(2):
            resume_lanes(LINKED, ["bulk"], **tools | {"now_ms": app.now_ms()})  # type: ignore[arg-type]
        assert app.engine.queues.queue(f"bulk-{SESSION}").depth() > depth
        send(app, whatsapp, message.contact, 1)
        assert [text for _, text in whatsapp.filed] == ["text 1"]
        assert [kind for _, kind, _ in log_of(app)] == ["session_status", "session_status", "message_sent"]


def test_cancelling_by_filter_takes_what_fits_however_many_they_are(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        messages = [take(app, count, ADA if count % 2 else GRACE) for count in range(1, 131)]
        canceller = Canceller(SESSION, app.now_ms(), app.table, app.engine.queues, app.seals, app.contacts)
        mine = Filter(lane="bulk", contact=messages[0].contact)
        begun = canceller.cancel(mine, reason="requested", seconds=-1)  # one page, then the time is over
        assert (begun.cancelled, begun.more) == (65, True)
        assert canceller.cancel(mine, reason="requested", seconds=9).cancelled == 0
        rest = canceller.cancel(Filter(lane="bulk"), reason="requested", seconds=9)
        assert (rest.cancelled, rest.more) == (65, False)
        assert page_waiting(app.table, SESSION, "bulk", limit=10, cursor=None)[0] == []
        assert len(log_of(app)) == 130


def test_what_was_handed_over_cannot_be_cancelled_by_a_filter(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        first, second = take(app, 1), take(app, 2)
        send(app, FakeWhatsApp(), first.contact, 1)
        canceller = Canceller(SESSION, app.now_ms(), app.table, app.engine.queues, app.seals, app.contacts)
        assert canceller.cancel(Filter(), reason="requested", seconds=9).cancelled == 1
        statuses = [message.status for one in (first, second) if (message := get_message(app.table, one.id))]
        assert statuses == ["sent", "cancelled"]
