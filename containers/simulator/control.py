"""The control API: what a person does with a phone in the hand, and what an observer may know."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from containers.simulator import accounts, contacts, devices, settings, trouble
from containers.simulator.control_input import body_of, field, network_of, number_in
from containers.simulator.errors import BadRequest, Unknown


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
    trouble.changed(network, before, account)
    if before.faults.hide_number and not account.faults.hide_number:
        contacts.reveal(network, number)
    if account.lid_chats != before.lid_chats:
        for connection in network.live.of_account(number):
            connection.send({"type": "lid-chats", "on": account.lid_chats})
    return JSONResponse(account.as_json())


async def scan(request: Request) -> JSONResponse:
    code = field(await body_of(request), "code")
    device = devices.scan(network_of(request), request.path_params["number"], code)
    return JSONResponse({"device": device} if device else {"device": None, "passkey": True})


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
    Route(f"{ACCOUNT}/logout", logout, methods=["POST"]),
    Route(f"{ACCOUNT}/devices", list_devices, methods=["GET"]),
    Route("/control/codes", codes, methods=["GET"]),
    Route("/control/settings", get_settings, methods=["GET"]),
    Route("/control/settings", change_settings, methods=["PATCH"]),
    Route("/control/counts", counts, methods=["GET"]),
    Route("/control/trace", trace, methods=["GET"]),
    Route("/control/reset", reset, methods=["POST"]),
]
