"""One page on the line, from its first word: pairing for a new page, a signed challenge for a linked device."""

import asyncio
import base64
import contextlib
import json
import secrets

from starlette.websockets import WebSocket, WebSocketDisconnect

from containers.simulator import accounts, devices, inbox, passkeys, presence, stanzas
from containers.simulator.connections import Connection, Stanza
from containers.simulator.errors import Refused
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

# A page that reloads may be back before its former connection has finished closing.
GRACE_S = 0.25


async def serve(network: Network, socket: WebSocket) -> None:
    await socket.accept()
    if network.closed:
        # After the handshake: a refused one would be the browser's own complaint on the console.
        await socket.close(1013)
        return
    connection = Connection(socket, network.live)
    network.live.add(connection)
    speaking = asyncio.create_task(connection.speak())
    try:
        while True:
            stanza = json.loads(await socket.receive_text())
            await _hear(network, connection, stanza)
    except (WebSocketDisconnect, RuntimeError, ValueError):
        pass  # gone, or not speaking our language: either way the conversation is over
    finally:
        speaking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await speaking
        _hung_up(network, connection)


def _hung_up(network: Network, connection: Connection) -> None:
    network.live.drop(connection)
    network.codes.withdraw(connection)
    if connection.number:
        network.journal.note("offline", device=connection.device, page=connection.page)
        if connection.device:
            devices.saw(network, connection.device)
        presence.tell(network, connection.number)


async def _hear(network: Network, connection: Connection, stanza: Stanza) -> None:
    kind = stanza.get("type")
    if connection.device:
        try:
            stanzas.handle(network, connection, stanza)
        except Refused as no:
            network.journal.refuse(no.reason, device=connection.device, stanza=kind)
    elif kind == "hello":
        _greet(network, connection, stanza)
    elif kind == "auth":
        await _log_in(network, connection, stanza)
    elif kind == "pair-again":
        _offer_codes(network, connection)
    elif kind == "screen":
        network.codes.show(connection, str(stanza.get("code")))
    elif kind == "pair-code":
        network.codes.show_typed(connection, str(stanza.get("code")), str(stanza.get("number")))
    elif kind == "passkey-answer":
        passkeys.answered(network, connection, str(stanza.get("client_data")))
    else:
        network.journal.refuse("not_logged_in", stanza=kind)
        connection.send({"type": "stream-error", "reason": "not_logged_in"})
        connection.hang_up()


def _greet(network: Network, connection: Connection, stanza: Stanza) -> None:
    connection.page = str(stanza.get("page", ""))
    if stanza.get("device"):
        connection.nonce = secrets.token_bytes(32)
        connection.send({"type": "challenge", "nonce": base64.b64encode(connection.nonce).decode()})
    else:
        _offer_codes(network, connection)


def _offer_codes(network: Network, connection: Connection) -> None:
    offer = network.codes.offer(connection, network.settings)
    connection.send(
        {
            "type": "pair-refs",
            "refs": offer.refs,
            "first_ms": network.settings.qr_first_ms,
            "next_ms": network.settings.qr_next_ms,
        }
    )


async def _log_in(network: Network, connection: Connection, stanza: Stanza) -> None:
    device = str(stanza.get("device"))
    nonce, connection.nonce = connection.nonce, b""
    number = devices.owner_by_signature(network, device, nonce, str(stanza.get("signature")))
    if not nonce or number is None:
        network.journal.refuse("bad_credentials", device=device, page=connection.page)
        connection.send({"type": "failure", "reason": "device_removed"})
        connection.hang_up()
        return
    if accounts.get(network, number).faults.banned:
        connection.send({"type": "failure", "reason": "banned"})
        connection.hang_up()
        return
    await _replace_former(network, device, connection)
    network.live.log_in(connection, device, number)
    network.journal.note("online", device=device, page=connection.page)
    _welcome(network, connection, device, number)


async def _replace_former(network: Network, device: str, connection: Connection) -> None:
    """Two connections as one device: the newer stays. Both pages alive at once is what is counted."""
    former = network.live.of_device(device)
    if former is None:
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(former.gone.wait(), GRACE_S)
        return
    network.journal.count("two_browsers")
    network.journal.note("two_browsers", device=device, older=former.page, newer=connection.page)
    former.send({"type": "stream-error", "reason": "replaced"})
    former.hang_up()


def _welcome(network: Network, connection: Connection, device: str, number: str) -> None:
    account = accounts.get(network, number)
    devices.saw(network, device)
    connection.send(
        {
            "type": "success",
            "me": account.as_peer(),
            "lid_chats": account.lid_chats,
            "build": network.settings.build,
            "now_ms": now_ms(),
        }
    )
    waiting = inbox.backlog(network, device)
    for stanza in waiting:
        connection.send(stanza)
    connection.send({"type": "offline-done", "count": len(waiting)})
