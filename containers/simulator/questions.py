"""Questions of a linked device, each with a number, answered under the same number.

| ask                              | result                                  | error (result null)                    |
|----------------------------------|-----------------------------------------|----------------------------------------|
| exists (jid)                     | the person                              | unknown_number                         |
| subscribe (jid), logout          |                                         |                                        |
| edit, revoke, react, vote, played | {id, t}                                 | unknown_message, edit_window_over, …   |
| create-group (subject, jids)     | the group                               | unknown_number, too_many_participants  |
| change-group (group, action, jids)| {codes, group}                         | not_an_admin, too_many_participants, … |
| rename-group, save-contact       |                                         | bad_subject, bad_name                  |
| media-conn                       | {auth, ttl} for uploads                 |                                        |
"""

import secrets
from collections.abc import Callable
from typing import Any

from containers.simulator import accounts, contacts, devices, edits, groups, presence, receipts, votes
from containers.simulator.connections import Connection, Stanza
from containers.simulator.errors import Refused, Restricted
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

MEDIA_TTL_S = 300


def answer(network: Network, connection: Connection, stanza: Stanza) -> None:
    reply: Stanza = {"type": "iq-result", "n": stanza.get("n"), "result": None}
    ask = QUESTIONS.get(str(stanza.get("ask")))
    try:
        if ask:
            reply["result"] = ask(network, connection, stanza)
    except Refused as no:
        network.journal.refuse(no.reason, device=connection.device, ask=stanza.get("ask"))
        reply |= {"error": no.reason, "message": no.message}
    connection.send(reply)


def _exists(network: Network, connection: Connection, stanza: Stanza) -> Any:
    me = connection.number or ""
    return accounts.peer(network, accounts.addressed(network, me, str(stanza.get("jid"))), me)


def _subscribe(network: Network, connection: Connection, stanza: Stanza) -> None:
    presence.subscribe(network, connection, accounts.by_jid(network, str(stanza.get("jid"))).number)


def _logout(network: Network, connection: Connection, _stanza: Stanza) -> None:
    devices.remove(network, connection.device or "", by="device")


def _change_of_message(network: Network, connection: Connection, stanza: Stanza) -> Any:
    number, via = connection.number or "", f"device:{connection.device}"
    jid = str(stanza.get("to"))
    chat = jid if groups.is_group(jid) else accounts.by_jid(network, jid).number
    row = edits.find(network, number, chat, str(stanza.get("id")))
    if stanza["ask"] == "edit":
        done = edits.edit(network, number, row, str(stanza.get("text") or ""), via)
    elif stanza["ask"] == "revoke":
        done = edits.revoke(network, number, row, via)
    elif stanza["ask"] == "played":
        done = row["id"]
        receipts.played(network, number, row)
    elif stanza["ask"] == "vote":
        done = votes.cast(network, number, row, [str(one) for one in stanza.get("options") or []], via)
    else:
        done = edits.react(network, number, row, str(stanza.get("emoji") or ""), via)
    return {"id": done, "t": now_ms() // 1000}


def _numbers(network: Network, connection: Connection, stanza: Stanza) -> list[str]:
    jids = [str(jid) for jid in stanza.get("jids") or []]
    return [accounts.addressed(network, connection.number or "", jid).number for jid in jids]


def _create_group(network: Network, connection: Connection, stanza: Stanza) -> Any:
    number = connection.number or ""
    if accounts.get(network, number).faults.banned:
        raise Restricted("banned", f"{number} is banned")
    group = groups.create(network, number, str(stanza.get("subject")), _numbers(network, connection, stanza))
    return groups.describe(network, group, number)


def _change_group(network: Network, connection: Connection, stanza: Stanza) -> Any:
    number, group = connection.number or "", str(stanza.get("group"))
    numbers = _numbers(network, connection, stanza)
    codes = groups.change(network, group, number, str(stanza.get("action")), numbers)
    return {"codes": list(codes.values()), "group": groups.describe(network, group, number)}


def _rename_group(network: Network, connection: Connection, stanza: Stanza) -> None:
    groups.rename(network, str(stanza.get("group")), connection.number or "", str(stanza.get("subject")))


def _save_contact(network: Network, connection: Connection, stanza: Stanza) -> None:
    account = accounts.by_jid(network, str(stanza.get("jid")))
    contacts.save(network, connection.number or "", account.number, str(stanza.get("name")))


def _media_connection(network: Network, connection: Connection, _stanza: Stanza) -> Any:
    """Where files go, and the word that opens the door."""
    auth = secrets.token_urlsafe(24)
    network.media_tokens[auth] = connection.number or ""
    return {"auth": auth, "ttl": MEDIA_TTL_S}


QUESTIONS: dict[str, Callable[[Network, Connection, Stanza], Any]] = {
    "exists": _exists,
    "subscribe": _subscribe,
    "logout": _logout,
    "edit": _change_of_message,
    "revoke": _change_of_message,
    "react": _change_of_message,
    "vote": _change_of_message,
    "played": _change_of_message,
    "create-group": _create_group,
    "change-group": _change_group,
    "rename-group": _rename_group,
    "save-contact": _save_contact,
    "media-conn": _media_connection,
}
