"""The control API's part for trouble: what an experimenter does to pages, to the network and to its clock."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from containers.simulator import passkeys, trouble
from containers.simulator.control_input import body_of, field, milliseconds, network_of
from containers.simulator.errors import BadRequest, Unknown
from containers.simulator.journal import now_ms

HURTS = ("hang", "crash")


async def hurt_page(request: Request) -> JSONResponse:
    """The pages hang (for `ms`, or for ever without it) or allocate until they die."""
    body = await body_of(request)
    action = field(body, "action")
    if action not in HURTS:
        raise BadRequest("bad_action", f"an action is one of {', '.join(HURTS)}")
    ms = milliseconds(body, "ms") if "ms" in body else None
    stanza = {"type": "fault", "action": action, "ms": ms}
    return JSONResponse({"pages": trouble.tell_pages(network_of(request), request.path_params["number"], stanza)})


async def conflict(request: Request) -> JSONResponse:
    """Another browser said "Use here": the pages are replaced, and may take the line back."""
    stanza = {"type": "stream-error", "reason": "replaced"}
    pages = trouble.throw_out(network_of(request), request.path_params["number"], stanza)
    if not pages:
        raise Unknown("no_page", "no page of this account is on the line")
    return JSONResponse({"pages": pages})


async def passkey(request: Request) -> JSONResponse:
    network, number = network_of(request), request.path_params["number"]
    answer = field(await body_of(request), "answer")
    if answer == "approve":
        return JSONResponse({"device": passkeys.approve(network, number)})
    if answer != "refuse":
        raise BadRequest("bad_answer", "an answer is approve or refuse")
    passkeys.refuse(network, number)
    return JSONResponse({"device": None})


async def outage(request: Request) -> JSONResponse:
    ms = milliseconds(await body_of(request), "ms", 3_600_000)
    network_of(request).close_for(ms)
    return JSONResponse({"ms": ms})


async def read_clock(_: Request) -> JSONResponse:
    return JSONResponse({"now_ms": now_ms()})


async def advance_clock(request: Request) -> JSONResponse:
    network = network_of(request)
    network.advance_clock(milliseconds(await body_of(request), "advance_ms"))
    trouble.end_long_absences(network)
    return JSONResponse({"now_ms": now_ms()})


ACCOUNT = "/control/accounts/{number}"
ROUTES = [
    Route(f"{ACCOUNT}/page", hurt_page, methods=["POST"]),
    Route(f"{ACCOUNT}/conflict", conflict, methods=["POST"]),
    Route(f"{ACCOUNT}/passkey", passkey, methods=["POST"]),
    Route("/control/outage", outage, methods=["POST"]),
    Route("/control/clock", read_clock, methods=["GET"]),
    Route("/control/clock", advance_clock, methods=["POST"]),
]
