"""Trouble with files on the simulated WhatsApp: uploads and downloads that fail, are slow, cut off, damaged or gone."""

from typing import Any

import pytest

from tests.corpus import documents, recordings
from tests.corpus.files import made
from tests.integration.media_world import SEND_FILE, World, b64, linked_world, sha256

__all__ = ["linked_world"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = {"type": "document", "mimetype": "text/plain", "filename": "notes.txt"}
STAGE = "(key) => WPP.whatsapp.MsgStore.get(key).mediaData.mediaStage"


@pytest.fixture(autouse=True)
def _the_browser_may_say_that_requests_failed(world: World) -> None:
    if "Failed to load resource" not in world.allowed:
        world.allowed.append("Failed to load resource")


async def begin(world: World, **options: Any) -> None:
    """Hands a document in and waits until it is on its way, not for what becomes of it."""
    script = f"(a) => {{ window.result = ({SEND_FILE})(a).then((r) => r.sendMsgResult.messageSendResult); }}"
    await world.browser.js(script, [world.bruno.jid, b64(b"slow " * 2000), {**DOCUMENT, **options}])
    last = "(to) => WPP.chat.get(to).msgs.getModelsArray().at(-1)?.mediaData?.mediaStage === 'UPLOADING'"
    await world.browser.wait_for(last, world.bruno.jid)


async def test_an_upload_that_fails_at_first_is_tried_again(world: World) -> None:
    data = made(documents.text)
    for trouble in ({"status": 500, "times": 1}, {"cut_after": 1000, "times": 1}, {"status": 401, "times": 1}):
        await world.ana.change(uploads=trouble)
        assert await world.file_of(await world.send(data, **DOCUMENT)) == data
        assert (await world.ana.change())["uploads"] == {}


async def test_an_upload_that_is_refused_fails_its_message_and_can_be_resumed(world: World) -> None:
    await world.ana.change(uploads={"status": 413})
    before = len(await world.bruno.messages(world.ana))
    sent = await world.hand_in(b"never mind", **DOCUMENT)
    assert (sent["ack"], sent["sendMsgResult"]["messageSendResult"]) == (-1, "ERROR_UPLOAD")
    assert await world.browser.js(STAGE, sent["id"]) == "ERROR_TOO_LARGE"
    await world.browser.send(world.bruno, "not held up")
    assert len(await world.bruno.messages(world.ana)) == before + 1

    await world.ana.change(uploads={})
    resume = "(key) => WPP.whatsapp.MsgStore.get(key).resumeUpload().then((r) => r.messageSendResult)"
    assert await world.browser.js(resume, sent["id"]) == "OK"
    message = await world.bruno.message(world.ana, sent["id"])
    assert await world.file_of(message) == b"never mind"


async def test_a_file_holds_up_its_own_chat_only(world: World) -> None:
    carla = await world.simulator.account("5511900000003", "Carla")
    await world.ana.change(uploads={"delay_ms": 60_000})
    await begin(world, filename="slow.txt")
    await world.browser.send(carla, "at once")
    assert (await world.browser.js("() => Promise.race([window.result, Promise.resolve('under way')])")) == "under way"
    await world.ana.change(uploads={})
    await world.browser.send(world.bruno, "after the file")
    last = await world.bruno.messages(world.ana)
    assert [one["media"]["filename"] if one["type"] == "document" else one["text"] for one in last[-2:]] == [
        "slow.txt",
        "after the file",
    ]


async def test_a_page_that_goes_in_the_middle_of_an_upload_sends_nothing(world: World) -> None:
    key = await world.browser.new_id(world.bruno)
    await world.ana.change(uploads={"delay_ms": 60_000, "times": 1})
    await begin(world, messageId=key)
    await world.browser.page.reload()
    await world.browser.ready()
    await world.browser.online()
    assert (await world.seen(key, "ack"))["ack"] == -1
    # Its bytes went with the page: taken out of the chat, the same id may be sent with the file once more.
    remove = "([to, key]) => WPP.chat.deleteMessage(to, key)"
    await world.browser.js(remove, [world.bruno.jid, key])
    message = await world.send(b"again", **DOCUMENT, messageId=key)
    assert await world.file_of(message) == b"again"
    assert [one["id"] for one in await world.bruno.messages(world.ana)].count(message["id"]) == 1


async def test_a_message_that_lies_about_its_file_is_refused(world: World) -> None:
    song = recordings.sound("a.mp3", "-c:a", "libmp3lame", seconds=1)
    sent = await world.send(song, type="audio", mimetype="audio/mpeg")
    again = """([to, id, changes]) => {
      const whole = WPP.whatsapp.MsgStore.getModelsArray().find((m) => m.id.id === id).attributes;
      const {id: _id, ack: _ack, sequence: _sequence, ...fields} = whole;
      return WPP.chat.sendRawMessage(to, {...fields, ...changes}).then((r) => r.sendMsgResult.errorCode);
    }"""
    for changes, reason in (
        ({"type": "ptt"}, "voice_not_opus"),
        ({"mimetype": "audio/mp4"}, "media_mime_wrong"),
        ({"size": 5}, "media_size_wrong"),
        ({"duration": "60"}, "media_duration_wrong"),
        ({"type": "document", "filename": "a.mp3"}, "media_undecryptable"),
        ({"filehash": b64(b"x" * 32)}, "media_hash_wrong"),
        ({"directPath": "/v/t62.7118-24/1_n.enc?ccb=1"}, "unknown_file"),
    ):
        assert await world.browser.js(again, [world.bruno.jid, sent["id"], changes]) == reason


@pytest.mark.parametrize(
    "trouble",
    [{"status": 500, "times": 2}, {"damaged": True, "times": 2}, {"cut_after": 200, "times": 2}],
    ids=lambda trouble: next(iter(trouble)),
)
async def test_a_download_fails_as_often_as_it_was_told_to(world: World, trouble: dict[str, Any]) -> None:
    # What the page has fetched lately it does not fetch again: every file is another one.
    data = made(documents.text) + repr(trouble).encode()
    key = await world.receive("document", data=b64(data), filename="a.txt", trouble=trouble)
    fetch = "(key) => WPP.chat.downloadMedia(key)"
    for _ in range(2):
        assert await world.browser.refusal(fetch, key) == "media_not_found"
        assert await world.browser.js(STAGE, key) == "NEED_POKE"
    assert await world.fetch(key) == sha256(data)


async def test_a_slow_download_arrives_whole(world: World) -> None:
    data = made(documents.text) + b"slow"
    key = await world.receive("document", data=b64(data), filename="a.txt", trouble={"bytes_per_s": 4 * len(data)})
    assert await world.fetch(key) == sha256(data)


async def test_a_file_that_is_gone_is_uploaded_again_by_the_phone(world: World) -> None:
    for status in (404, 410):
        data = made(documents.text) + bytes([status % 256])
        key = await world.receive("document", data=b64(data), filename="a.txt", trouble={"status": status})
        assert await world.fetch(key) == sha256(data)
        assert await world.fetch(key) == sha256(data)

    team = {"subject": "Team", "participants": [world.ana.number]}
    group = (await world.bruno.call("POST", "/groups", team, 201))["id"]
    body = {"to": group, "type": "document", "data": b64(b"for all"), "filename": "c", "trouble": {"status": 404}}
    sent = await world.bruno.call("POST", "/messages", body, 201)
    mine = "([id]) => WPP.whatsapp.MsgStore.getModelsArray().map((m) => m.id).filter((k) => k.id === id).map(String)[0]"
    await world.browser.wait_for(f"(a) => ({mine})(a)", [sent["id"]])
    assert await world.fetch(await world.browser.js(mine, [sent["id"]])) == sha256(b"for all")

    key = await world.receive("document", data=b64(b"while off"), filename="b.txt", trouble={"status": 410})
    await world.ana.change(online=False)
    await world.browser.js("(key) => { window.fetched = WPP.chat.downloadMedia(key); }", key)
    await world.browser.wait_for(f"(key) => ({STAGE})(key) === 'REUPLOADING'", key)
    await world.ana.change(online=True)
    assert await world.browser.js("() => window.fetched.then((blob) => blob.text())") == "while off"


async def test_a_file_that_the_phone_has_no_more_is_missing_for_good(world: World) -> None:
    fetch = "(key) => WPP.chat.downloadMedia(key)"
    for answer, stage in (("not_found", "ERROR_MISSING"), ("error", "NEED_POKE")):
        await world.ana.change(reuploads=answer)
        key = await world.receive("document", data=b64(answer.encode()), filename="a.txt", trouble={"status": 404})
        assert await world.browser.refusal(fetch, key) == "media_not_found"
        assert await world.browser.js(STAGE, key) == stage
    await world.ana.change(reuploads="yes")
    assert await world.fetch(key) == sha256(b"error")


async def test_a_server_that_starts_anew_has_its_files_still(world: World) -> None:
    world.allowed.append("WebSocket connection")
    await world.send(b"before", **DOCUMENT)
    key = await world.receive("document", data=b64(b"kept"), filename="a.txt")
    await world.simulator.stop()
    await world.simulator.start()
    await world.browser.online()
    assert await world.fetch(key) == sha256(b"kept")
    message = await world.send(b"after", **DOCUMENT)
    assert await world.file_of(message) == b"after"
