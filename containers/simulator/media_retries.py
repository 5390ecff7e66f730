"""A file is gone from the server: a page asks its own phone, which has it still, to upload it once more."""

import base64
import json

from containers.simulator import accounts, edits, media_crypto, media_files
from containers.simulator.connections import Connection, Stanza
from containers.simulator.contents import Content
from containers.simulator.errors import Refused
from containers.simulator.network import Network

RESULTS = {"not_found": "NOT_FOUND", "error": "GENERAL_ERROR"}


def ask(network: Network, connection: Connection, stanza: Stanza) -> None:
    """Waits while the phone is off; a page that is gone by then asks again."""
    number = connection.number or ""
    account = accounts.get(network, number)
    if not account.reachable:
        network.media_asks.setdefault(number, []).append((connection, stanza))
        return
    if account.faults.reuploads != "never":
        wait = accounts.delay_ms(network, account, "ack2_ms")
        network.later(wait, lambda: _answer(network, connection, stanza))


def phone_is_back(network: Network, number: str) -> None:
    for connection, stanza in network.media_asks.pop(number, []):
        ask(network, connection, stanza)


def _answer(network: Network, connection: Connection, stanza: Stanza) -> None:
    number = connection.number or ""
    result, direct_path = RESULTS.get(accounts.get(network, number).faults.reuploads), None
    if result is None:
        result, direct_path = _upload_again(network, number, stanza)
    network.journal.note("media_retry", number=number, id=stanza.get("id"), result=result)
    answer = {"type": "media-retry-done", "id": stanza.get("id"), "result": result, "direct_path": direct_path}
    connection.send(answer)


def _upload_again(network: Network, number: str, stanza: Stanza) -> tuple[str, str | None]:
    jid = str(stanza.get("to"))
    try:
        chat = jid if jid.endswith("@g.us") else accounts.by_jid(network, jid).number
        row = edits.find(network, number, chat, str(stanza.get("id")))
        content: Content = json.loads(row["content"])
        key = base64.b64decode(content["media_key"])
        if not media_crypto.is_retry_proof(key, row["id"], *_sealed(stanza)):
            return "DECRYPTION_ERROR", None
        former = media_files.row_of(network, content["direct_path"])
    except (Refused, KeyError, ValueError):
        return "NOT_FOUND", None
    direct_path = media_files.file_as(network, former["kind"], former["name"], former["size"])
    sql = "update messages set content = ? where sender = ? and chat = ? and id = ?"
    moved = json.dumps(content | {"direct_path": direct_path})
    network.store.run(sql, moved, row["sender"], row["chat"], row["id"])
    return "SUCCESS", direct_path


def _sealed(stanza: Stanza) -> tuple[bytes, bytes]:
    return base64.b64decode(str(stanza.get("iv"))), base64.b64decode(str(stanza.get("proof")))
