"""Messages that name files: they wait for them in their place, go on or fail when they are settled, and are sent once
(P1, P2, P3), without their bytes staying on the disk."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulk import handler as runs
from containers.worker.outgoing_files import clear_outgoing, plain_file
from tests.integration.sending_house import (
    SESSION,
    TENANT,
    FakeWhatsApp,
    accept,
    accept_any,
    sender,
    sending_app,
)
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.care import RELAXED
from waypost.domain.ids import make_id, whatsapp_hex
from waypost.domain.media import UPLOAD_MS, Ask, Prepared
from waypost.domain.media_refusals import refusal
from waypost.domain.message import Message
from waypost.domain.wanted import Wanted
from waypost.entities.media import KEEP_SECONDS, Media, begun_uploads, get_media, unsettled_media
from waypost.entities.media_wait import list_waits
from waypost.entities.message import get_message
from waypost.entities.schedule import last_waiting_by_chat, put_off, waiting_in_chat
from waypost.entities.send_log import newest_done
from waypost.entities.tenant import put_tenant
from waypost.errors import MediaRefused, NotFound, Tampered, ValidationError
from waypost.services import media_waking
from waypost.services.expiring import expire_overdue
from waypost.services.journal import read
from waypost.services.media import READY
from waypost.services.media_preparing import prepare_media
from waypost.services.media_uploads import complete
from waypost.services.opt_outs import OptOuts
from waypost.services.queue_cancel import Canceller, Filter
from waypost.services.sending import cancel
from waypost.services.sweeping import sweep

ADA = "4915112345602"
CHAT = f"{ADA}@c.us"
BYTES = b"\x89PNG-not-really " * 20_000
MEDIA = make_id("med", bytes(16))


def message_id(count: int) -> str:
    return make_id("msg", count.to_bytes(16))


def come(app: App, media_id: str = MEDIA, **said: Any) -> Media:
    media = app.files.create(media_id, TENANT, now_ms=app.now_ms(), **said)
    app.files.take_in(media, BYTES)
    return media


def settle(
    app: App, media_id: str = MEDIA, *, kind: Any = "image", refused: str | None = None, wake: bool = True
) -> None:
    """As the function `media` does, with a reader that finds a `kind`; and what follows, as the consumer of `runs`."""

    def prepare(source: Path, folder: Path, ask: Ask, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
        if refused is not None:
            raise refusal(refused)
        return Prepared(kind, "image/png", ".png", len(BYTES), "ab" * 32, True, width=640, height=480), source

    prepare_media(media_id, files=app.files, prepare=prepare, now_ms=app.now_ms, claim_seconds=5)
    if wake:
        handle_runs(app)


def handle_runs(app: App) -> int:
    queue, count = app.engine.queues.queue("runs"), 0
    while waiting := queue.receive(limit=1):
        runs._handle(json.loads(waiting[0].body), app)
        queue.delete(waiting[0].receipt)
        count += 1
    return count


def file_to(media_id: str = MEDIA, kind: str = "media", **content: Any) -> Wanted:
    said = {"media": media_id, **({"as": kind} if kind != "media" else {}), **content}
    return Wanted(parse_address(ADA), content=said, kind=kind)


async def send_all(app: App, whatsapp: FakeWhatsApp) -> None:
    async with sender(app, whatsapp) as sending:
        for contact, number in last_waiting_by_chat(app.table, SESSION, "interactive", due_by_ms=app.now_ms()).items():
            await sending.send_due(contact, "interactive", up_to=number)


def send(app: App, whatsapp: FakeWhatsApp) -> list[str]:
    """One pass over what is due; what was filed so far."""
    asyncio.run(send_all(app, whatsapp))
    return [text for _, text in whatsapp.filed]


def wait_until(app: App, at_ms: int) -> None:
    ends = time.monotonic() + 10
    while app.now_ms() <= at_ms and time.monotonic() < ends:
        time.sleep(0.02)


def stored(app: App, count: int) -> Message:
    message = get_message(app.table, message_id(count))
    assert message is not None
    return message


def reasons(app: App, message: Message) -> list[str]:
    found = waiting_in_chat(app.table, SESSION, message.contact, "interactive", up_to=100)
    return [place.waits_for for place in found]


def events(app: App) -> list[tuple[str, dict[str, Any]]]:
    return [
        (event.type, dict(event.data or {}))
        for event in read(app.table, app.seals, SESSION, generation=1, after=0, limit=100)
    ]


def test_a_ready_file_is_sent_with_its_caption_and_its_bytes_and_is_not_left_on_the_disk(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        come(app, name="holiday.png")
        settle(app)
        accept_any(app, file_to(text="the sea"), message_id(1))
        assert send(app, whatsapp) == ["image: the sea"]
        hex_id = whatsapp_hex(message_id(1))
        assert (whatsapp.given[hex_id], whatsapp.named[hex_id]) == (BYTES, ("image.png", "image/png"))
        assert whatsapp.modes == [0o600]
        assert [path for path in (tmp_path / "outgoing").rglob("*") if path.is_file()] == []
        told = dict(events(app))["message_sent"]
        assert (told["type"], told["text"]) == ("image", "the sea")
        assert told["media"] == {
            "id": MEDIA, "state": "ready", "mime": "image/png", "size": len(BYTES), "sha256": "ab" * 32, "width": 640,
            "height": 480, "has_thumbnail": False, "filename": "holiday.png",
        }  # fmt: skip


def test_a_file_that_is_not_ready_holds_its_place_and_what_comes_behind_it(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        come(app)
        first = accept_any(app, file_to(text="one"), message_id(1))
        accept(app, ADA, "two", message_id(2))
        assert send(app, whatsapp) == []
        assert reasons(app, first) == ["media", "order"]
        settle(app)
        assert list_waits(app.table, MEDIA) == []
        assert reasons(app, first) == ["", ""]
        hints = app.engine.queues.queue(f"interactive-{SESSION}").receive(limit=10)
        assert message_id(2) in {json.loads(hint.body)["message"] for hint in hints}
        assert send(app, whatsapp) == ["image: one", "two"]


def test_what_waits_behind_a_file_that_never_comes_goes_on_when_that_message_is_cancelled(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        come(app)
        first = accept_any(app, file_to(text="one"), message_id(1))
        accept(app, ADA, "two", message_id(2))
        assert send(app, whatsapp) == []
        cancel(
            first,
            now_ms=app.now_ms(),
            table=app.table,
            queues=app.engine.queues,
            seals=app.seals,
            contacts=app.contacts,
        )
        hints = app.engine.queues.queue(f"interactive-{SESSION}").receive(limit=10)
        assert message_id(2) in {json.loads(hint.body)["message"] for hint in hints}
        assert send(app, whatsapp) == ["two"]


def end_first(app: App, how: str, first: Message) -> int:
    """End what waits for its file, and nothing behind it; how many were ended."""
    now_ms, parts = app.now_ms(), (app.table, app.engine.queues, app.seals, app.contacts)
    if how == "filter":
        place, behind = waiting_in_chat(app.table, SESSION, first.contact, "interactive", up_to=2)
        put_off(app.table, behind, place.due_ms - 1, "order")  # so that a filter by time fits the first alone
        canceller = Canceller(SESSION, now_ms, *parts)
        return canceller.cancel(Filter(after_ms=place.due_ms), reason="requested", seconds=5).cancelled
    if how == "opt_out":
        outs = OptOuts(TENANT, now_ms, *parts)
        return outs.cancel_waiting(first.contact, reason="opted_out", concerns=lambda message: message.id == first.id)
    put_tenant(app.table, TENANT, "test", now_ms)
    return expire_overdue(
        table=app.table, queues=app.engine.queues, seals=app.seals, contacts=app.contacts, longest_wait_ms=0,
        now_ms=first.expires_ms + 1,
    )  # fmt: skip


@pytest.mark.parametrize("how", ["filter", "opt_out", "expiry"])
def test_whatever_ends_a_message_that_waits_for_its_file_lets_go_on_what_waits_behind_it(
    tmp_path: Path, how: str
) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        come(app)
        first = accept_any(app, replace(file_to(text="one"), expires_ms=app.now_ms() + 600_000), message_id(1))
        accept(app, ADA, "two", message_id(2))
        assert send(app, whatsapp) == []
        assert reasons(app, first) == ["media", "order"]
        drain(app, f"interactive-{SESSION}")
        assert end_first(app, how, first) == 1
        assert reasons(app, first) == [""]
        hints = app.engine.queues.queue(f"interactive-{SESSION}").receive(limit=10)
        assert [json.loads(hint.body)["message"] for hint in hints] == [message_id(2)]


def test_an_upload_that_never_comes_fails_its_messages_after_a_day_and_holds_nobody_up_for_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending_app(tmp_path) as app:
        media = app.files.create(MEDIA, TENANT, size=10, now_ms=app.now_ms())
        app.files.write_source_part(media, 1, b"0123456789")
        first = accept_any(app, file_to(text="one"), message_id(1))
        accept(app, ADA, "two", message_id(2))
        assert send(app, FakeWhatsApp()) == []

        def swept(at_ms: int) -> int:
            monkeypatch.setattr(App, "now_ms", lambda _: at_ms)
            return sweep(table=app.table, queues=app.engine.queues, now_ms=at_ms).media

        assert swept(media.created_ms + UPLOAD_MS - 60_000) == 0
        assert swept(media.created_ms + UPLOAD_MS + 1) == 1
        settle(app)  # the message that the sweeper sent
        found = get_media(app.table, MEDIA)
        assert found is not None
        assert (found.state, found.code, app.files.source_parts(found)) == ("refused", "upload_never_came", [])
        assert (stored(app, 1).status, stored(app, 1).reason) == ("failed", "upload_never_came")
        assert "/complete" in stored(app, 1).failure["mend"]
        assert reasons(app, first) == [""]
        drain(app, "media")
        assert swept(media.created_ms + 2 * UPLOAD_MS) == 0


def test_a_crash_while_an_upload_is_ended_is_made_good_by_the_sweeper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending_app(tmp_path) as app:
        media = app.files.create(MEDIA, TENANT, size=10, now_ms=app.now_ms())
        first = accept_any(app, file_to(text="one"), message_id(1))
        later = media.created_ms + UPLOAD_MS + 1
        monkeypatch.setattr(App, "now_ms", lambda _: later)
        settle(app, wake=False)
        drain(app, "runs")  # lost
        assert reasons(app, first) == ["media"]
        assert sweep(table=app.table, queues=app.engine.queues, now_ms=later).media == 1
        settle(app)  # the message that the sweeper sent
        assert (stored(app, 1).status, reasons(app, first)) == ("failed", [])


def test_an_upload_that_is_completed_late_is_not_ended(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        media = app.files.create(MEDIA, TENANT, size=len(BYTES), now_ms=app.now_ms() - UPLOAD_MS - 1)
        app.files.write_source_part(media, 1, BYTES)
        complete(media, files=app.files)
        assert begun_uploads(app.table, app.now_ms()) == []
        settle(app)
        found = get_media(app.table, MEDIA)
        assert found is not None
        assert found.state == "ready"


def test_an_album_keeps_its_order_whichever_of_its_files_is_ready_first(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        files = [make_id("med", bytes([number] * 16)) for number in (1, 2, 3)]
        for number, media in enumerate(files):
            come(app, media)
            accept_any(app, file_to(media, text=f"picture {number}"), message_id(number))
        for media in reversed(files):
            assert send(app, whatsapp) == []
            settle(app, media)
        assert send(app, whatsapp) == ["image: picture 0", "image: picture 1", "image: picture 2"]


def test_a_refused_file_fails_its_messages_at_once_and_lets_the_others_go(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        come(app)
        accept_any(app, file_to(), message_id(1))
        accept(app, ADA, "two", message_id(2))
        assert send(app, whatsapp) == []
        settle(app, refused="media_macros")
        failed = stored(app, 1)
        assert (failed.status, failed.reason, failed.attempts) == ("failed", "media_macros", 0)
        assert failed.failure["category"] == "validation"
        assert failed.failure["mend"].startswith("Save it as docx")
        [update] = [data for kind, data in events(app) if kind == "message_status_update"]
        assert (update["status"], update["previous"], update["failure"]) == ("failed", "accepted", failed.failure)
        assert send(app, whatsapp) == ["two"]
        with pytest.raises(MediaRefused) as caught:
            accept_any(app, file_to(), message_id(3))
        assert caught.value.code == "media_macros"


def test_a_message_whose_chat_was_erased_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending_app(tmp_path) as app:
        come(app)
        accept_any(app, replace(file_to(text="one"), to=parse_address("4915112345603")), message_id(1))
        second = accept_any(app, file_to(text="two"), message_id(2))
        original = media_waking.Waker._content

        def content(waker: media_waking.Waker, message: Message) -> Any:
            if message.id == message_id(1):
                raise Tampered("The key of a sealed value is gone.", code="key_erased")
            return original(waker, message)

        monkeypatch.setattr(media_waking.Waker, "_content", content)
        settle(app)
        assert (reasons(app, second), list_waits(app.table, MEDIA)) == ([""], [])


def test_what_was_prepared_for_another_kind_fails_with_how_to_mend_it(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        come(app)
        accept_any(app, file_to(kind="voice"), message_id(1))
        settle(app, kind="audio")
        assert (stored(app, 1).status, stored(app, 1).reason) == ("failed", "media_prepared_otherwise")
        assert "voice" in stored(app, 1).failure["mend"]


def test_a_crash_between_the_end_of_a_file_and_the_waking_is_made_good_by_the_sweeper(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        come(app)
        first = accept_any(app, file_to(text="one"), message_id(1))
        settle(app, wake=False)
        drain(app, "runs")  # lost
        drain(app, "media")
        assert reasons(app, first) == ["media"]
        later = app.now_ms() + 120_000
        assert sweep(table=app.table, queues=app.engine.queues, now_ms=later).media == 1
        drain(app, "media")
        settle(app)  # the message that the sweeper sent
        assert reasons(app, first) == [""]
        assert unsettled_media(app.table, later) == []
        assert handle_runs(app) == 0


def drain(app: App, name: str) -> None:
    queue = app.engine.queues.queue(name)
    while waiting := queue.receive(limit=10):
        for message in waiting:
            queue.delete(message.receipt)


def test_a_file_that_is_settled_while_its_message_is_accepted_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from waypost.services import accepting

    with sending_app(tmp_path) as app:
        come(app)
        original, once = accepting._store_all, threading.Event()

        def late(asked: Any, message: str) -> list[Message]:
            if not once.is_set():
                once.set()
                settle(app)  # between the look at the file and the write
            return original(asked, message)

        monkeypatch.setattr(accepting, "_store_all", late)
        first = accept_any(app, file_to(text="one"), message_id(1))
        assert reasons(app, first) == [""]
        assert send(app, FakeWhatsApp()) == ["image: one"]


def test_a_file_that_is_settled_while_its_owner_puts_it_off_wakes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending_app(tmp_path) as app:
        come(app)
        soon = replace(file_to(text="one"), send_at_ms=app.now_ms() + 400)
        first = accept_any(app, soon, message_id(1))

        def late(*arguments: Any) -> None:
            settle(app)  # it wakes nobody: the message does not wait for it yet
            put_off(*arguments)

        monkeypatch.setattr("containers.worker.sender.put_off", late)
        whatsapp = FakeWhatsApp()

        wait_until(app, soon.send_at_ms)
        assert send(app, whatsapp) == []
        assert reasons(app, first) == [""]
        assert send(app, whatsapp) == ["image: one"]


def test_what_waits_for_its_file_expires_in_its_time(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        come(app)
        accept_any(app, replace(file_to(), expires_ms=app.now_ms() + 300), message_id(1))
        wait_until(app, stored(app, 1).expires_ms)
        assert send(app, FakeWhatsApp()) == []
        assert (stored(app, 1).status, stored(app, 1).reason) == ("expired", "media")


@pytest.mark.parametrize("after", [None, "taken_then_gone", "gone"])
def test_a_page_that_dies_with_the_file_gets_it_again_and_it_is_sent_once(tmp_path: Path, after: Any) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp(fates=[after] if after else [], no_files=["page_gone", "page_timeout"])
        come(app)
        settle(app)
        accept_any(app, file_to(text="one"), message_id(1))
        assert send(app, whatsapp) == ["image: one"]
        assert whatsapp.twice == 0
        assert stored(app, 1).status == "sent"


def test_a_file_that_is_gone_or_was_tampered_with_fails_its_message(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        other = make_id("med", bytes([7] * 16))
        for media in (MEDIA, other):
            come(app, media)
            settle(app, media)
        accept_any(app, file_to(), message_id(1))
        accept_any(app, file_to(other), message_id(2))
        blobs = app.engine.blobs["media"]
        blobs.delete(f"{READY}/{MEDIA}")
        kept = bytearray(blobs.get(f"{READY}/{other}"))
        kept[100] ^= 1
        blobs.put(f"{READY}/{other}", bytes(kept))
        assert send(app, FakeWhatsApp()) == []
        assert [stored(app, count).reason for count in (1, 2)] == ["media_expired", "media_unreadable"]


def test_a_file_is_waited_for_no_longer_than_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sending_app(tmp_path) as app:
        media = come(app)
        accept_any(app, file_to(), message_id(1))
        after = media.created_ms + KEEP_SECONDS * 1000 + 1
        monkeypatch.setattr(type(app), "now_ms", lambda _: after)
        asyncio.run(send_all(app, FakeWhatsApp()))
        assert (stored(app, 1).status, stored(app, 1).reason) == ("failed", "media_expired")


@pytest.mark.parametrize(
    ("uploaded_as", "wanted", "code"),
    [
        ("image", file_to(make_id("med", bytes([9] * 16))), "media_not_found"),
        ("sticker", file_to(text="hello"), "media_caption_unfit"),
        (None, file_to(kind="voice", text="hello"), "media_caption_unfit"),
        ("image", file_to(kind="document", view_once=True), "media_view_once_unfit"),
        ("image", file_to(text="x" * 1025), "caption_too_long"),
        ("image", file_to(filename="a/b"), "filename_invalid"),
        ("image", file_to(kind="video"), "media_prepared_otherwise"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_door(tmp_path: Path, uploaded_as: Any, wanted: Wanted, code: str) -> None:
    with sending_app(tmp_path) as app:
        come(app, kind=uploaded_as)
        with pytest.raises((ValidationError, NotFound)) as caught:
            accept_any(app, wanted, message_id(1))
        assert caught.value.code == code
        assert (caught.value.field == "text") == (code in ("media_caption_unfit", "caption_too_long"))
        assert get_message(app.table, message_id(1)) is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("location", {"latitude": 52.5, "longitude": 13.4, "name": "Gate"}),
        ("poll", {"question": "When?", "options": ["Now", "Later"], "selectable": 1}),
        ("contact", {"contacts": [{"name": "Grace", "vcard": "BEGIN:VCARD\nFN:Grace\nEND:VCARD"}]}),
    ],
)
def test_places_cards_and_polls_are_sent(tmp_path: Path, kind: str, content: dict[str, Any]) -> None:
    with sending_app(tmp_path) as app:
        whatsapp = FakeWhatsApp()
        accept_any(app, Wanted(parse_address(ADA), content=content, kind=kind), message_id(1))
        [sent] = send(app, whatsapp)
        assert sent == f"{kind}: {json.dumps(content)}"
        told = dict(events(app))["message_sent"]
        shown = {"location": "location", "poll": "poll", "contact": "contacts"}[kind]
        expected = [{**card, "numbers": []} for card in content["contacts"]] if kind == "contact" else content
        assert told[shown] == expected


def test_files_have_a_budget_of_their_own_which_places_cards_and_polls_do_not_use(tmp_path: Path) -> None:
    care = replace(RELAXED, limits=replace(RELAXED.limits, media_per_hour=1))
    with sending_app(tmp_path, care) as app:
        whatsapp, other = FakeWhatsApp(), parse_address("4915112345603")
        come(app)
        settle(app)
        first = accept_any(app, file_to(text="one"), message_id(1))
        accept_any(app, file_to(text="two"), message_id(2))
        poll = {"question": "?", "options": ["a", "b"], "selectable": 1}
        accept_any(app, Wanted(other, content={"latitude": 1, "longitude": 2}, kind="location"), message_id(3))
        accept_any(app, Wanted(other, content=poll, kind="poll"), message_id(4))
        assert {text.partition(":")[0] for text in send(app, whatsapp)} == {"image", "location", "poll"}
        assert reasons(app, first) == ["media_per_hour"]
        assert len(newest_done(app.table, SESSION, "MEDIA", since_ms=0, limit=10)) == 1


def test_plain_files_of_a_worker_that_died_are_cleared_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    with plain_file(tmp_path, SESSION, [b"plain"]) as path:
        left = path.with_name("left")
        left.write_bytes(b"plain")
        clear_outgoing(tmp_path)
        assert (left.exists(), path.read_bytes()) == (False, b"plain")
    assert not path.exists()


def test_the_waker_does_nothing_for_a_file_that_is_not_settled(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        come(app)
        first = accept_any(app, file_to(), message_id(1))
        waker = media_waking.Waker(app.table, app.engine.queues, app.seals, app.contacts, app.now_ms)
        assert waker.wake_all(MEDIA) == 0
        assert (list_waits(app.table, MEDIA), reasons(app, first)) == ([message_id(1)], ["media"])
        media = get_media(app.table, MEDIA)
        assert media is not None
        assert media.state == "checking"
