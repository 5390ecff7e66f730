"""The control API: what a person does with a phone in the hand, and what an observer may know."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from containers.simulator import accounts, devices, history, messages, presence, receipts, settings
from containers.simulator.errors import BadRequest, Unknown
from containers.simulator.messages import Draft
from containers.simulator.network import Network


def network_of(request: Request) -> Network:
    network: Network = request.app.state.network
    return network


async def body_of(request: Request) -> dict[str, Any]:
    try:
        body = await request.json() if await request.body() else {}
    except ValueError as problem:
        raise BadRequest("bad_json", f"the body is not JSON: {problem}") from problem
    if not isinstance(body, dict):
        raise BadRequest("bad_json", "the body must be a JSON object")
    return body


def field(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest("missing_field", f"the field {name!r} is missing or not a text")
    return value


def number_in(value: str) -> str:
    """Digits, from `5511…`, `+5511…` or `5511…@c.us`."""
    return value.removeprefix("+").removesuffix("@c.us")


async def create_account(request: Request) -> JSONResponse:
    body = await body_of(request)
    account, new = accounts.create(network_of(request), number_in(field(body, "number")), body.get("name"))
    return JSONResponse(account.as_json(), 201 if new else 200)


async def list_accounts(request: Request) -> JSONResponse:
    return JSONResponse([a.as_json() for a in accounts.everyone(network_of(request))])


async def change_account(request: Request) -> JSONResponse:
    network, number = network_of(request), request.path_params["number"]
    before = accounts.get(network, number)
    account = accounts.change(network, number, await body_of(request))
    if account.online and not before.online:
        messages.phone_online_again(network, account)
    if account.lid_chats != before.lid_chats:
        for connection in network.live.of_account(number):
            connection.send({"type": "lid-chats", "on": account.lid_chats})
    return JSONResponse(account.as_json())


async def scan(request: Request) -> JSONResponse:
    code = field(await body_of(request), "code")
    return JSONResponse({"device": devices.scan(network_of(request), request.path_params["number"], code)})


async def send(request: Request) -> JSONResponse:
    network, number, body = network_of(request), request.path_params["number"], await body_of(request)
    if not accounts.get(network, number).online:
        raise BadRequest("phone_offline", "the phone is offline")
    reply_to = body.get("reply_to")
    draft = Draft(
        sender=number,
        to=accounts.get(network, number_in(field(body, "to"))).number,
        id=messages.new_id(),
        text=field(body, "text"),
        # The plain id, or the `true_<chat>_<id>` form in which a page names messages.
        quoted_id=str(reply_to).split("_")[2 if "_" in str(reply_to) else 0] if reply_to else None,
        via="phone",
    )
    return JSONResponse({"id": draft.id, "t": messages.send_from_phone(network, draft)}, 201)


async def conversation(request: Request) -> JSONResponse:
    peer = request.query_params.get("with")
    return JSONResponse(
        history.conversation(network_of(request), request.path_params["number"], number_in(peer) if peer else None)
    )


async def read(request: Request) -> JSONResponse:
    peer = number_in(field(await body_of(request), "with"))
    receipts.read_chat(network_of(request), request.path_params["number"], peer)
    return JSONResponse({})


async def typing(request: Request) -> JSONResponse:
    body = await body_of(request)
    to = accounts.get(network_of(request), number_in(field(body, "to")))
    number = request.path_params["number"]
    presence.typing(network_of(request), number, to.number, field(body, "state"), via="phone")
    return JSONResponse({})


async def set_presence(request: Request) -> JSONResponse:
    state = field(await body_of(request), "state")
    presence.phone_presence(network_of(request), request.path_params["number"], state)
    return JSONResponse({})


async def logout(request: Request) -> JSONResponse:
    network, number, body = network_of(request), request.path_params["number"], await body_of(request)
    accounts.get(network, number)
    device = body.get("device")
    chosen = devices.linked(network, number) if device is None else [str(device)]
    for one in chosen:
        if one not in devices.linked(network, number):
            raise Unknown("unknown_device", f"{number} has no linked device {one}")
        devices.remove(network, one, by="phone")
    return JSONResponse({"devices": chosen})


async def list_devices(request: Request) -> JSONResponse:
    return JSONResponse(devices.listing(network_of(request), request.path_params["number"]))


async def codes(request: Request) -> JSONResponse:
    return JSONResponse(network_of(request).codes.on_screen())


async def get_settings(request: Request) -> JSONResponse:
    return JSONResponse(network_of(request).settings.as_json())


async def change_settings(request: Request) -> JSONResponse:
    network = network_of(request)
    network.change_settings(settings.changed(network.settings, await body_of(request)))
    return JSONResponse(network.settings.as_json())


async def counts(request: Request) -> JSONResponse:
    return JSONResponse(network_of(request).journal.counts())


async def trace(request: Request) -> JSONResponse:
    after = request.query_params.get("after", "0")
    if not after.isdigit():
        raise BadRequest("bad_after", "after must be a number")
    return JSONResponse(network_of(request).journal.trace(int(after)))


async def reset(request: Request) -> JSONResponse:
    network = network_of(request)
    for connection in network.live.everyone():
        connection.send({"type": "stream-error", "reason": "device_removed", "by": "reset"})
        connection.hang_up()
    network.forget_everything()
    return JSONResponse({})


ACCOUNT = "/control/accounts/{number}"
ROUTES = [
    Route("/control/accounts", create_account, methods=["POST"]),
    Route("/control/accounts", list_accounts, methods=["GET"]),
    Route(ACCOUNT, change_account, methods=["PATCH"]),
    Route(f"{ACCOUNT}/scan", scan, methods=["POST"]),
    Route(f"{ACCOUNT}/messages", send, methods=["POST"]),
    Route(f"{ACCOUNT}/messages", conversation, methods=["GET"]),
    Route(f"{ACCOUNT}/read", read, methods=["POST"]),
    Route(f"{ACCOUNT}/typing", typing, methods=["POST"]),
    Route(f"{ACCOUNT}/presence", set_presence, methods=["POST"]),
    Route(f"{ACCOUNT}/logout", logout, methods=["POST"]),
    Route(f"{ACCOUNT}/devices", list_devices, methods=["GET"]),
    Route("/control/codes", codes, methods=["GET"]),
    Route("/control/settings", get_settings, methods=["GET"]),
    Route("/control/settings", change_settings, methods=["PATCH"]),
    Route("/control/counts", counts, methods=["GET"]),
    Route("/control/trace", trace, methods=["GET"]),
    Route("/control/reset", reset, methods=["POST"]),
]
