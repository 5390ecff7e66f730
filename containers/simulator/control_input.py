"""What the calls of the control API say, and how it is checked."""

from typing import Any

from starlette.requests import Request

from containers.simulator import accounts, groups
from containers.simulator.errors import BadRequest
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


def numbers_in(network: Network, body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise BadRequest("bad_field", f"{name} must be a list of numbers")
    return [accounts.get(network, number_in(str(one))).number for one in value]


def chat_in(network: Network, value: str) -> str:
    """A group's id, or the number of somebody who exists."""
    return value if groups.is_group(value) else accounts.get(network, number_in(value)).number


def milliseconds(body: dict[str, Any], name: str, most: int = 10**11) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadRequest("bad_field", f"{name} must be a whole number of milliseconds")
    return value
