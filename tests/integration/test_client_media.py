"""Files through the client: in parts, gone on with after a break, and named by messages of every kind."""

import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from starlette.responses import JSONResponse, Response

from infra.local.media import send_file
from tests.integration.client_house import SESSION, fake_gateway
from waypost.client import Waypost

MEDIA = "med_" + "0" * 26
MESSAGE = {
    "id": "msg_" + "0" * 26, "session_id": SESSION, "chat": {"contact_id": "con_1"}, "direction": "out",
    "type": "image", "status": "accepted", "created_at": "2026-11-22T12:00:00Z", "media": {"id": MEDIA},
}  # fmt: skip


def media(state: str, missing: list[int] | None = None, **more: Any) -> JSONResponse:
    upload = None if missing is None else {"part_bytes": 4, "parts": 3, "missing": missing}
    times = {"created_at": "2026-11-22T12:00:00Z", "expires_at": "2026-12-22T12:00:00Z"}
    return JSONResponse({"id": MEDIA, "state": state, "size": 10, "upload": upload, **times, **more})


async def test_a_file_is_sent_in_parts_with_progress_and_its_message_names_it(tmp_path: Path) -> None:
    file, seen = tmp_path / "notes.txt", list[tuple[int, int]]()
    file.write_bytes(b"0123456789")
    async with fake_gateway() as gateway, Waypost(gateway.url, "key", retry_seconds=5) as waypost:
        gateway.answers = [
            media("uploading", [1, 2, 3]), Response(status_code=204), Response(status_code=503),
            Response(status_code=204), Response(status_code=204), media("checking"), JSONResponse(MESSAGE, 202),
        ]  # fmt: skip
        message = await waypost.send_file(
            SESSION, "+4915112345678", file, "look", kind="document", progress=lambda *at: seen.append(at)
        )
        assert (message.type, message.media) == ("image", {"id": MEDIA})
        assert seen == [(4, 10), (8, 10), (10, 10)]
        parts = [(path.rsplit("/", 1)[-1], body) for method, path, _, body in gateway.requests if method == "PUT"]
        assert parts == [("1", b"0123"), ("2", b"4567"), ("2", b"4567"), ("3", b"89")]
        begun, named = json.loads(gateway.requests[0][3]), json.loads(gateway.requests[-1][3])
        assert (begun["size"], begun["name"], begun["kind"]) == (10, "notes.txt", "document")
        assert (named["media"], named["text"]) == ({"id": MEDIA}, "look")


async def test_an_upload_goes_on_where_it_broke_off_and_is_waited_for(tmp_path: Path) -> None:
    file, seen, states = tmp_path / "notes.txt", list[int](), list[str]()
    file.write_bytes(b"0123456789")
    async with fake_gateway() as gateway, Waypost(gateway.url, "key") as waypost:
        refusal = {"code": "media_empty", "message": "…", "mend": None}
        gateway.answers = [
            media("uploading", [2]), Response(status_code=204), media("checking"),
            media("preparing", progress=40), media("refused", refusal=refusal),
        ]  # fmt: skip
        await waypost.media.resume(await waypost.media.get(MEDIA), file, progress=lambda sent, _of: seen.append(sent))
        done = await waypost.media.wait(MEDIA, watch=lambda one: states.append(one.state))
        assert (seen, states, done.is_settled, done.refusal) == ([10], ["preparing", "refused"], True, refusal)


async def test_every_kind_is_asked_for_as_the_api_has_it() -> None:
    async with fake_gateway() as gateway, Waypost(gateway.url, "key") as waypost:
        gateway.answers = [JSONResponse(MESSAGE, 202) for _ in range(4)]
        send, to = waypost.messages, "+4915112345678"
        await send.send_file(SESSION, to, "https://files.example/a.ogg", kind="voice", view_once=True)
        await send.send_location(SESSION, to, 1.5, 2.5, name="Here")
        await send.send_contacts(SESSION, to, [{"name": "Ada", "phones": [to]}])
        await send.send_poll(SESSION, to, "When?", ["Now", "Later"], selectable=0)
        bodies = [json.loads(body) for _, _, _, body in gateway.requests]
        assert bodies[0]["media"] == {"url": "https://files.example/a.ogg"}
        assert (bodies[0]["kind"], bodies[0]["view_once"]) == ("voice", True)
        assert bodies[1]["location"] == {
            "latitude": 1.5,
            "longitude": 2.5,
            "name": "Here",
            "address": None,
            "url": None,
        }
        assert bodies[2]["contacts"] == [{"name": "Ada", "phones": [to]}]
        assert bodies[3]["poll"] == {"question": "When?", "options": ["Now", "Later"], "selectable": 0}


async def test_the_command_line_prints_the_ids_line_and_the_outcome_alone_where_nobody_watches(tmp_path: Path) -> None:
    file, out = tmp_path / "notes.txt", io.StringIO()
    file.write_bytes(b"0123456789")
    async with fake_gateway() as gateway:
        gateway.answers = [
            media("uploading", []), media("ready"), JSONResponse(MESSAGE, 202), media("ready"),
            JSONResponse({**MESSAGE, "status": "sent"}),
        ]  # fmt: skip
        to, console = "+4915112345678", Console(file=out)
        assert await send_file(gateway.url, "key", SESSION, to, str(file), {}, True, console)
    assert out.getvalue() == f"{MESSAGE['id']}\nsent\n"
