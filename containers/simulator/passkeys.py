"""The passkey demand at linking: after the scan the server wants a WebAuthn assertion before it links the page.

The page's assertion is checked for its challenge and type; its signature is not, for no key was ever filed.
"""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from containers.simulator.connections import Connection
from containers.simulator.errors import Unknown
from containers.simulator.network import Network

TIMEOUT_MS = 300_000


@dataclass(slots=True)
class Demand:
    connection: Connection
    challenge: str
    link: Callable[[], str]


def demand(network: Network, number: str, connection: Connection, link: Callable[[], str]) -> None:
    """Asks the page; `link` is what the scan would have done at once."""
    challenge = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    network.passkey_demands[number] = Demand(connection, challenge, link)
    network.journal.note("passkey_demanded", number=number, page=connection.page)
    connection.send({"type": "passkey-request", "challenge": challenge, "timeout_ms": TIMEOUT_MS})


def answered(network: Network, connection: Connection, client_data: str) -> None:
    """A page came with an assertion."""
    for number, one in list(network.passkey_demands.items()):
        if one.connection is connection:
            if _fits(client_data, one.challenge):
                approve(network, number)
            else:
                network.journal.refuse("bad_assertion", number=number)
                connection.send({"type": "passkey-refused"})
            return


def _fits(client_data: str, challenge: str) -> bool:
    try:
        said = json.loads(base64.b64decode(client_data))
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("type") == "webauthn.get" and said.get("challenge") == challenge


def approve(network: Network, number: str) -> str:
    """The assertion is good, or an experimenter says so: the page is linked."""
    return _taken(network, number).link()


def refuse(network: Network, number: str) -> None:
    """The person gives up: the page goes back to codes."""
    _taken(network, number).connection.send({"type": "passkey-refused"})


def _taken(network: Network, number: str) -> Demand:
    found = network.passkey_demands.pop(number, None)
    if found is None:
        raise Unknown("no_passkey_demand", f"no page waits for a passkey of {number}")
    return found
