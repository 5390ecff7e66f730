"""The control API's part for files: their bytes as the phone has them, and the trouble with them on the server."""

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from containers.simulator import accounts, contents, control_chats, edits, media_files, media_trouble, messages, shown
from containers.simulator.control_input import body_of, chat_in, field, network_of
from containers.simulator.errors import Unknown


async def file_of_message(request: Request) -> Response:
    """Decrypted as every phone does it, so that what cannot be opened is not found here either."""
    network, number = network_of(request), request.path_params["number"]
    key = tuple(request.path_params[name] for name in ("sender", "chat", "id"))
    accounts.get(network, number)
    row = network.store.one("select * from messages where sender = ? and chat = ? and id = ?", *key)
    if row is None or number not in messages.parties(network, (row["sender"], row["chat"], row["id"])):
        raise Unknown("unknown_message", f"{number} has no such message")
    if row["type"] not in contents.MEDIA or row["revoked_at"]:
        raise Unknown("no_file", "this message has no file")
    content = json.loads(row["content"])
    if request.query_params.get("thumbnail") is not None:
        return Response(shown.thumbnail(content), media_type="image/jpeg")
    return Response(contents.open_file(network, content), media_type=content["mime"])


async def trouble_file(request: Request) -> JSONResponse:
    """From now on the file of a message is fetched with this trouble."""
    network, number, body = network_of(request), request.path_params["number"], await body_of(request)
    chat = chat_in(network, field(body, "with"))
    row = edits.find(network, number, chat, control_chats.plain_id(field(body, "id")))
    content = json.loads(row["content"])
    if row["type"] not in contents.MEDIA:
        raise Unknown("no_file", "this message has no file")
    faults = media_trouble.checked(body.get("trouble"))
    media_files.change_faults(network, content["direct_path"], faults)
    return JSONResponse(faults)


ACCOUNT = "/control/accounts/{number}"
ROUTES = [
    Route(ACCOUNT + "/media/{sender}/{chat}/{id}", file_of_message, methods=["GET"]),
    Route(f"{ACCOUNT}/messages/trouble", trouble_file, methods=["POST"]),
]
