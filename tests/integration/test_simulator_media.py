"""Files and other contents between the page and people's phones on the simulated WhatsApp, by unmodified wa-js."""

import io

import pytest
from PIL import Image

from tests.corpus import documents, pictures, recordings
from tests.corpus.files import made
from tests.integration.media_world import SEND_FILE, World, b64, linked_world, sha256
from tests.integration.simulator_driver import until

__all__ = ["linked_world"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

OPUS = "audio/ogg; codecs=opus"


def voice() -> bytes:
    return recordings.sound("v.ogg", "-c:a", "libopus", "-b:a", "24k", "-ac", "1", seconds=2.5)


def mp3() -> bytes:
    return recordings.sound("a.mp3", "-c:a", "libmp3lame", seconds=2)


def short_film() -> bytes:
    return recordings.ready_video(seconds=1)


def moving_sticker() -> bytes:
    return pictures.moving("WEBP", size=(512, 512))


async def test_a_photo_loses_what_the_camera_noted_and_keeps_its_picture(world: World) -> None:
    data = made(pictures.photo)
    message = await world.send(data, type="image", mimetype="image/jpeg", filename="a.jpg", caption="look")
    arrived = await world.file_of(message)
    with Image.open(io.BytesIO(arrived)) as image, Image.open(io.BytesIO(data)) as original:
        assert (image.width, image.height) == (message["media"]["width"], message["media"]["height"]) == original.size
        assert image.tobytes() == original.tobytes()
    assert not message["media"]["facts"]["has_place"]
    assert pictures.PLACE.encode() not in arrived
    assert (message["type"], message["text"]) == ("image", "look")
    assert (message["media"]["mime"], message["media"]["sha256"]) == ("image/jpeg", sha256(arrived))
    assert message["media"]["has_thumbnail"]


async def test_a_large_picture_is_made_smaller_and_a_png_becomes_a_jpeg(world: World) -> None:
    message = await world.send(made(lambda: pictures.jpeg(2000, 1000)), type="image", mimetype="image/jpeg")
    assert (message["media"]["width"], message["media"]["height"]) == (1600, 800)
    message = await world.send(made(lambda: pictures.jpeg(2000, 1000)), type="image", mimetype="image/jpeg", isHD=True)
    assert (message["media"]["width"], message["media"]["height"]) == (2000, 1000)
    message = await world.send(made(pictures.png), type="image", mimetype="image/png", isViewOnce=True)
    assert (message["media"]["mime"], message["media"]["view_once"]) == ("image/jpeg", True)


async def test_a_document_arrives_as_it_was(world: World) -> None:
    data = made(documents.text)
    message = await world.send(data, type="document", mimetype="text/plain", filename="notes.txt")
    assert await world.file_of(message) == data
    assert (message["type"], message["text"], message["media"]["filename"]) == ("document", "", "notes.txt")
    assert message["media"]["sha256"] == sha256(data)


async def test_voice_sound_and_film_arrive_with_their_length(world: World) -> None:
    spoken = made(voice)
    message = await world.send(spoken, type="audio", isPtt=True, waveform=True, mimetype=OPUS)
    assert (message["type"], message["media"]["mime"], message["media"]["duration"]) == ("ptt", OPUS, 2)
    assert len(message["media"]["waveform"]) == 64
    assert max(message["media"]["waveform"]) >= 99
    assert await world.file_of(message) == spoken

    message = await world.send(made(mp3), type="audio", mimetype="audio/mpeg")
    assert (message["type"], message["media"]["facts"]["family"]) == ("audio", "audio")

    film = made(short_film)
    for options, kind in (({}, "video"), ({"isGif": True}, "video"), ({"isPtv": True}, "ptv")):
        message = await world.send(film, type="video", mimetype="video/mp4", **options)
        assert (message["type"], message["media"]["gif"]) == (kind, bool(options.get("isGif")))
        assert message["media"]["facts"]["codecs"][0] == "h264"
        assert message["media"]["has_thumbnail"]
        assert await world.file_of(message) == film


async def test_stickers_become_squares_and_keep_moving(world: World) -> None:
    message = await world.send(made(pictures.jpeg), type="sticker", mimetype="image/jpeg")
    assert (message["media"]["mime"], message["media"]["width"], message["media"]["height"]) == ("image/webp", 512, 512)
    message = await world.send(made(moving_sticker), type="sticker", mimetype="image/webp")
    assert message["media"]["facts"]["frames"] == 8


async def test_what_whatsapp_would_not_take_is_refused_before_it_leaves(world: World) -> None:
    picture, film = made(pictures.jpeg), made(short_film)
    for code, data, options in (
        ("MediaFileEmpty", b"", {"type": "document", "mimetype": "text/plain"}),
        ("MediaFileFailedLoad", b"no picture at all", {"type": "image", "mimetype": "image/jpeg"}),
        ("InvalidMediaFileType", made(mp3), {"type": "audio", "isPtt": True, "waveform": False, "mimetype": OPUS}),
        ("InvalidMediaFileType", film, {"type": "audio", "isPtt": True, "waveform": False, "mimetype": "video/mp4"}),
        ("InvalidMediaCheckRepairFailedType", picture, {"type": "video", "mimetype": "video/mp4"}),
        ("InvalidMediaFileType", b"<svg/>", {"type": "document", "mimetype": "image/svg+xml"}),
    ):
        assert await world.refused(data, **options) == code
    vast = """(to) => {
      const file = new File([new Uint8Array(16 * 1024 * 1024 + 1)], 'v.mp4', {type: 'video/mp4'});
      return WPP.chat.sendFileMessage(to, file, {type: 'video'});
    }"""
    assert await world.browser.refusal(vast, world.bruno.jid) == "file_too_large"
    small = pictures.moving("WEBP", size=(160, 120))
    assert await world.refused(small, type="sticker", mimetype="image/webp") == "InvalidMediaFileType"


async def test_every_kind_of_file_from_a_person_is_fetched_and_opened(world: World) -> None:
    kinds = {
        "image": ("image", made(pictures.jpeg)),
        "video": ("video", made(short_film)),
        "gif": ("video", made(short_film)),
        "video_note": ("ptv", made(short_film)),
        "audio": ("audio", made(mp3)),
        "voice": ("ptt", made(voice)),
        "document": ("document", made(documents.text)),
        "sticker": ("sticker", made(moving_sticker)),
    }
    for kind, (own_name, data) in kinds.items():
        key = await world.receive(kind, data=b64(data), filename="f.bin", text=f"a {kind}")
        seen = await world.seen(key, "type", "caption", "size", "isGif")
        assert seen == {"type": own_name, "caption": f"a {kind}", "size": len(data), "isGif": kind == "gif" or None}
        assert await world.fetch(key) == sha256(data)


async def test_view_once_reaches_the_page_or_only_the_phone(world: World) -> None:
    data = made(pictures.jpeg)
    key = await world.receive("image", data=b64(data), view_once=True)
    assert (await world.seen(key, "isViewOnce"))["isViewOnce"] is True
    assert await world.fetch(key) == sha256(data)
    key = await world.receive("image", data=b64(data), view_once=True, unavailable=True)
    assert await world.seen(key, "type", "subtype", "directPath") == {
        "type": "ciphertext",
        "subtype": "view_once_unavailable_fanout",
        "directPath": None,
    }


async def test_voice_notes_are_played_both_ways(world: World) -> None:
    message = await world.send(made(voice), type="audio", isPtt=True, waveform=True, mimetype=OPUS)
    played = {"with": world.ana.number, "id": message["id"]}
    await world.bruno.call("POST", "/messages/played", played)
    key = f"true_{world.bruno.jid}_{message['id']}"
    await world.browser.wait_for("(key) => WPP.whatsapp.MsgStore.get(key).ack === 4", key)
    assert await world.browser.acks(message["id"]) == [1, 2, 3, 4]
    letter = await world.send(b"a letter", type="document", mimetype="text/plain", filename="l.txt")
    await world.bruno.call("POST", "/messages/played", {**played, "id": letter["id"]}, 400)

    key = await world.receive("voice", data=b64(made(voice)))
    await world.browser.js("(key) => WPP.chat.markPlayed(key)", key)
    assert (await world.bruno.message(world.ana, key))["ack"] == 4


async def test_the_files_of_a_chat_are_found_by_their_kind(world: World) -> None:
    keys = [await world.receive("document", data=b64(b"d%d" % n), filename=f"{n}.txt") for n in range(2)]
    keys.append(await world.receive("image", data=b64(made(pictures.jpeg))))
    find = """async ([to, media]) => {
      const found = await WPP.chat.getMessages(to, {count: 3, media});
      return found.map((m) => String(m.id));
    }"""
    assert set(keys[:2]) <= set(await world.browser.js(find, [world.bruno.jid, "document"]))
    assert keys[2] in await world.browser.js(find, [world.bruno.jid, "image"])


async def test_places_cards_and_polls_go_out(world: World) -> None:
    js, to = world.browser.js, world.bruno.jid
    place = {"lat": -23.55, "lng": -46.63, "name": "Office", "address": "Rua 1", "url": "https://example.com"}
    sent = await js("([to, place]) => WPP.chat.sendLocationMessage(to, place)", [to, place])
    message = await world.bruno.message(world.ana, sent["id"])
    assert message["location"] == {
        "latitude": -23.55,
        "longitude": -46.63,
        "name": "Office",
        "address": "Rua 1",
        "url": "https://example.com",
    }
    card = "([to, who]) => WPP.chat.sendVCardContactMessage(to, who)"
    sent = await js(card, [to, {"id": to, "name": "B. Silva"}])
    message = await world.bruno.message(world.ana, sent["id"])
    assert (message["type"], message["contacts"][0]["name"]) == ("vcard", "B. Silva")
    assert f"waid={world.bruno.number}" in message["contacts"][0]["vcard"]
    sent = await js(card, [to, [{"id": to, "name": "One"}, {"id": world.ana.jid, "name": "Two"}]])
    message = await world.bruno.message(world.ana, sent["id"])
    assert (message["type"], [one["name"] for one in message["contacts"]]) == ("multi_vcard", ["One", "Two"])

    poll = "([to]) => WPP.chat.sendCreatePollMessage(to, 'Lunch?', ['Rice', 'Beans', 'Both'], {selectableCount: 1})"
    sent = await js(poll, [to])
    vote = {"with": world.ana.number, "id": sent["id"], "options": ["Rice"]}
    await world.bruno.call("POST", "/messages/vote", vote)
    await world.bruno.call("POST", "/messages/vote", {**vote, "options": ["Beans"]})
    await world.bruno.call("POST", "/messages/vote", {**vote, "options": ["Rice", "Beans"]}, 400)
    message = await world.bruno.message(world.ana, sent["id"])
    asked = {"question": "Lunch?", "options": ["Rice", "Beans", "Both"], "selectable": 1}
    assert (message["poll"], message["votes"]) == (asked, {world.bruno.number: ["Beans"]})
    voted = (
        "(id) => WPP.chat.getVotes(id).then((v) => v.votes.map((one) => one.selectedOptions.flatMap((o) => o.name)))"
    )

    async def counted() -> bool:
        return bool(await js(voted, sent["id"]) == [["Beans"]])

    await until(counted, what="the vote did not arrive")


async def test_places_cards_and_polls_come_in(world: World) -> None:
    key = await world.receive("location", latitude=1.5, longitude=2.5, name="Pier", address="Sea road 1")
    assert await world.seen(key, "lat", "lng", "loc", "isLive") == {
        "lat": 1.5,
        "lng": 2.5,
        "loc": "Pier\nSea road 1",
        "isLive": None,
    }
    key = await world.receive("live_location", latitude=1.5, longitude=2.5, text="coming")
    assert await world.seen(key, "isLive", "shareDuration", "comment") == {
        "isLive": True,
        "shareDuration": 3600,
        "comment": "coming",
    }
    cards = [{"name": name, "vcard": f"BEGIN:VCARD\nFN:{name}\nEND:VCARD"} for name in ("Eva", "Finn")]
    key = await world.receive("contact", contacts=cards[:1])
    assert await world.seen(key, "body", "vcardFormattedName") == {
        "body": cards[0]["vcard"],
        "vcardFormattedName": "Eva",
    }
    key = await world.receive("contacts", contacts=cards)
    assert [one["displayName"] for one in (await world.seen(key, "vcardList"))["vcardList"]] == ["Eva", "Finn"]

    key = await world.receive("poll", question="Tea?", options=["Yes", "No"], selectable=1)
    seen = await world.seen(key, "pollName", "pollOptions", "pollSelectableOptionsCount")
    options = [{"name": "Yes", "localId": 0}, {"name": "No", "localId": 1}]
    assert seen == {"pollName": "Tea?", "pollOptions": options, "pollSelectableOptionsCount": 1}
    vote = "(key) => require('WAWebPollsSendVoteMsgAction').sendVote(WPP.whatsapp.MsgStore.get(key), new Set([1]))"
    await world.browser.js(vote, key)
    assert (await world.bruno.message(world.ana, key))["votes"] == {world.ana.number: ["No"]}


async def test_an_album_keeps_its_order_both_ways(world: World) -> None:
    sizes = [(100 + 20 * n, 100) for n in range(4)]
    for width, height in sizes:
        await world.send(made(lambda w=width, h=height: pictures.jpeg(w, h)), type="image", mimetype="image/jpeg")
    last = (await world.bruno.messages(world.ana))[-4:]
    assert [(one["media"]["width"], one["media"]["height"]) for one in last] == sizes

    album = await world.receive("album", images=2, videos=0)
    assert (await world.seen(album, "expectedImageCount"))["expectedImageCount"] == 2
    parent = album.rsplit("_", 1)[1]
    keys = [await world.receive("image", data=b64(made(pictures.jpeg)), album=parent, text=str(n)) for n in range(2)]
    related = "(keys) => keys.map((key) => String(WPP.whatsapp.MsgStore.get(key).parentMsgKey))"
    assert await world.browser.js(related, keys) == [album, album]
    order = "([to]) => WPP.chat.getMessages(to, {count: 2}).then((all) => all.map((m) => String(m.id)))"
    assert await world.browser.js(order, [world.bruno.jid]) == keys


async def test_answers_and_mentions_go_with_a_file(world: World) -> None:
    first = await world.bruno.send(world.ana, "what is it?")
    await world.browser.event("new_message", body="what is it?")
    key = f"false_{world.bruno.jid}_{first}"
    message = await world.send(made(documents.text), type="document", mimetype="text/plain", quotedMsg=key)
    assert message["quoted_id"] == first
    answer = await world.receive("image", data=b64(made(pictures.jpeg)), reply_to=message["id"])
    assert (await world.seen(answer, "quotedMsg"))["quotedMsg"]["type"] == "document"

    create = "([who]) => WPP.group.create('Team', [who]).then((made) => String(made.gid))"
    group = await world.browser.js(create, [world.bruno.jid])
    options = {"type": "document", "mimetype": "text/plain", "caption": "you", "mentionedList": [world.bruno.jid]}
    sent = await world.browser.js(SEND_FILE, [group, b64(b"for all"), options])
    message = await world.bruno.message(group, sent["id"])
    assert (message["mentions"], await world.file_of(message)) == ([world.bruno.number], b"for all")


async def test_a_message_that_was_taken_back_has_no_file_any_more(world: World) -> None:
    key = await world.receive("document", data=b64(b"gone soon"), filename="a.txt")
    message = await world.bruno.message(world.ana, key)
    await world.bruno.call("POST", "/messages/revoke", {"with": world.ana.number, "id": message["id"]})
    await world.browser.event("msg_revoke", refId=key)
    await world.browser.wait_for("(key) => WPP.whatsapp.MsgStore.get(key).type === 'revoked'", key)
    fetch = "(key) => WPP.chat.downloadMedia(key)"
    assert await world.browser.refusal(fetch, key) == "message_not_contains_media"
    assert (await world.simulator.http.get(message["media"]["path"])).status_code == 404


async def test_what_the_own_phone_sends_is_in_the_page_too(world: World) -> None:
    data = made(pictures.jpeg) + b"own"
    body = {"to": world.bruno.number, "type": "document", "data": b64(data), "filename": "own.jpg"}
    sent = await world.ana.call("POST", "/messages", body, 201)
    key = f"true_{world.bruno.jid}_{sent['id']}"
    await world.browser.wait_for("(key) => Boolean(WPP.whatsapp.MsgStore.get(key))", key)
    assert await world.fetch(key) == sha256(data)


async def test_a_reload_loses_neither_file_nor_poll(world: World) -> None:
    file = await world.receive("document", data=b64(b"x" * 999), filename="x.bin")
    poll = await world.receive("poll", question="Still?", options=["Yes", "No"], selectable=0)
    await world.browser.page.reload()
    await world.browser.ready()
    await world.browser.online()
    assert await world.fetch(file) == sha256(b"x" * 999)
    assert (await world.seen(poll, "pollName"))["pollName"] == "Still?"


async def test_a_browser_that_is_linked_later_gets_files_and_votes_with_the_history(world: World) -> None:
    file = await world.receive("document", data=b64(b"from before"), filename="b.bin")
    poll = await world.receive("poll", question="Now?", options=["Yes", "No"], selectable=0)
    voted = {"with": world.ana.number, "id": poll, "options": ["No"]}
    await world.bruno.call("POST", "/messages/vote", voted)
    await world.ana.call("POST", "/logout")
    await world.browser.wait_for("() => location.search.includes('post_logout')")
    await world.browser.ready()
    await world.browser.link(world.ana)
    for key in (file, poll):
        await world.browser.wait_for("(key) => Boolean(WPP.whatsapp.MsgStore.get(key))", key)
    assert await world.fetch(file) == sha256(b"from before")
    votes = "(key) => WPP.chat.getVotes(key).then((all) => all.votes.map((one) => one.selectedOptions.at(-1).name))"
    assert await world.browser.js(votes, poll) == ["No"]
