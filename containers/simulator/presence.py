"""Who is there and who is typing: told to whoever is on the line, kept for nobody."""

from containers.simulator import accounts, groups
from containers.simulator.connections import Connection
from containers.simulator.errors import BadRequest
from containers.simulator.network import Network

CHAT_STATES = ("composing", "recording", "paused")


def is_available(network: Network, number: str) -> bool:
    """A person is online when the phone is in use or one of the linked devices is."""
    if number in network.phones_available:
        return True
    return any(c.available for c in network.live.of_account(number))


def tell(network: Network, number: str) -> None:
    """Tells the state of `number` to everyone who subscribed to it."""
    for connection in network.live.logged_in():
        if number in connection.subscriptions:
            _send(network, connection, number)


def subscribe(network: Network, connection: Connection, number: str) -> None:
    connection.subscriptions.add(number)
    _send(network, connection, number)


def _send(network: Network, connection: Connection, number: str) -> None:
    account = accounts.find(network, number)
    if account:
        available = is_available(network, number)
        peer = accounts.peer(network, account, connection.number or "")
        connection.send({"type": "presence", "peer": peer, "available": available})


def typing(network: Network, sender: str, to: str, state: str, via: str) -> None:
    if state not in CHAT_STATES:
        raise BadRequest("bad_state", f"a chat state is one of {', '.join(CHAT_STATES)}")
    account = accounts.get(network, sender)
    network.journal.note("typing", sender=sender, to=to, state=state, via=via)
    group = {"group": to} if groups.is_group(to) else {}
    if group:
        groups.member(network, to, sender)
    told = [n for n in groups.numbers_of(network, to) if n != sender] if group else [to]
    for number in told:
        for connection in network.live.of_account(number):
            peer = accounts.peer(network, account, number)
            connection.send({"type": "chatstate", "peer": peer, "state": state, **group})


def phone_presence(network: Network, number: str, state: str) -> None:
    if state not in ("available", "unavailable"):
        raise BadRequest("bad_state", "a presence is available or unavailable")
    accounts.get(network, number)
    if state == "available":
        network.phones_available.add(number)
    else:
        network.phones_available.discard(number)
    tell(network, number)
