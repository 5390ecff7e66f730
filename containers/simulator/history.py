"""A phone's own view of its chats, and the copy of it that a newly linked device is handed."""

import json
import sqlite3
from typing import Any

from containers.simulator import accounts, contacts, groups, shown
from containers.simulator.connections import Stanza
from containers.simulator.errors import Unknown
from containers.simulator.network import Network

# The real thing hands over months; a few dozen per chat are enough to tell history from news.
PER_CHAT = 50

QUOTED = """
left join messages q on q.id = m.quoted_id
    and ((q.chat = m.chat and (q.sender = m.sender or m.chat like '%@g.us'))
        or (q.sender = m.chat and q.chat = m.sender))
"""
COLUMNS = "m.*, q.sender as quoted_sender, q.text as quoted_text, q.type as quoted_type"
# Put together from the constants above alone.
ONE = f"select {COLUMNS} from messages m {QUOTED} where m.sender = ? and m.chat = ? and m.id = ?"  # noqa: S608
VIEW = f"""
select {COLUMNS}, f.copy, f.arrived from filed f
join messages m on m.sender = f.sender and m.chat = f.chat and m.id = f.id {QUOTED}
where f.account = ? and f.arrived is not null
"""  # noqa: S608


def conversation(network: Network, number: str, peer: str | None) -> list[dict[str, Any]]:
    """The phone's messages in order of arrival, all or with one person or group."""
    accounts.get(network, number)
    sql, values = VIEW, [number]
    if peer is not None and groups.is_group(peer):
        sql += " and m.chat = ?"
        values += [peer]
    elif peer is not None:
        sql += " and ((m.sender = ? and m.chat = ?) or (m.sender = ? and m.chat = ?))"
        values += [number, peer, peer, number]
    return [_as_json(network, row, number) for row in network.store.all(f"{sql} order by f.arrived", *values)]


def _as_json(network: Network, row: sqlite3.Row, number: str) -> dict[str, Any]:
    key = (row["sender"], row["chat"], row["id"])
    return {
        "id": row["id"],
        "from": row["sender"],
        "to": row["chat"],
        "text": row["text"],
        "t": row["t"],
        "ack": row["ack"],
        "quoted_id": row["quoted_id"],
        "from_me": row["sender"] == number,
        "via": row["via"],
        "copy": bool(row["copy"]),
        "mentions": json.loads(row["mentions"]),
        "edited": row["edited_at"] is not None,
        "revoked": row["revoked_at"] is not None,
        "reactions": {r["reactor"]: r["emoji"] for r in reactions(network, key)},
        "receipts": _receipts(network, key),
        **shown.content_of(row, number, votes(network, key)),
    }


def _receipts(network: Network, key: tuple[str, str, str]) -> dict[str, int]:
    """In a group: the ack of every member."""
    sql = "select participant, ack from deliveries where sender = ? and chat = ? and id = ?"
    return {row["participant"]: row["ack"] for row in network.store.all(sql, *key)}


def reactions(network: Network, key: tuple[str, str, str]) -> list[sqlite3.Row]:
    sql = "select reactor, emoji, t from reactions where sender = ? and chat = ? and id = ? order by t, rowid"
    return network.store.all(sql, *key)


def votes(network: Network, key: tuple[str, str, str]) -> list[sqlite3.Row]:
    sql = "select voter, options, t from votes where sender = ? and chat = ? and id = ? order by t, rowid"
    return network.store.all(sql, *key)


def stanza_of(network: Network, key: tuple[str, str, str], number: str) -> Stanza:
    """One stored message as a device of `number` is told of it."""
    row = network.store.one(ONE, *key)
    if row is None:
        raise Unknown("unknown_message", f"no message {key[2]}")
    return _stanza(network, row, number)


def naming(network: Network, key: tuple[str, str, str], number: str) -> Stanza:
    """The part of a stanza that says which message it is about: its chat, its author, its id."""
    sender, chat, message_id = key
    from_me = sender == number
    named: Stanza = {"id": message_id, "from_me": from_me}
    if groups.is_group(chat):
        return named | {"group": chat, "author": peer_of(network, sender, number)}
    return named | {"peer": peer_of(network, chat if from_me else sender, number)}


def peer_of(network: Network, number: str, observer: str) -> dict[str, str | None]:
    return accounts.peer(network, accounts.get(network, number), observer)


def _stanza(network: Network, row: sqlite3.Row, number: str) -> Stanza:
    key = (row["sender"], row["chat"], row["id"])
    stanza: Stanza = {"kind": "message", **naming(network, key, number)}
    stanza |= {"text": row["text"], "t": row["t"], "ack": row["ack"]}
    if row["type"] != "chat" and not row["revoked_at"]:
        stanza["content"] = shown.told(json.loads(row["content"]))
    if mentions := json.loads(row["mentions"]):
        stanza["mentions"] = [peer_of(network, one, number) for one in mentions]
    if row["edited_at"] or row["revoked_at"]:
        stanza |= {"edited": row["edited_at"] is not None, "revoked": row["revoked_at"] is not None}
    if row["quoted_id"]:
        stanza["quoted"] = {
            "id": row["quoted_id"],
            "from_me": row["quoted_sender"] == number,
            "text": row["quoted_text"] or "",
            "type": row["quoted_type"] or "chat",
        }
        if row["quoted_sender"] and "group" in stanza:
            stanza["quoted"]["author"] = peer_of(network, row["quoted_sender"], number)
    if cast := votes(network, key):
        stanza["votes"] = [_vote(network, v, number) for v in cast]
    if reacted := reactions(network, key):
        stanza["reactions"] = [reaction(network, r["reactor"], number, r["emoji"], r["t"]) for r in reacted]
    return stanza


def _vote(network: Network, row: sqlite3.Row, number: str) -> Stanza:
    by = {"by": peer_of(network, row["voter"], number), "by_me": row["voter"] == number}
    return by | {"options": json.loads(row["options"]), "t_ms": row["t"]}


def reaction(network: Network, reactor: str, number: str, emoji: str, t: int) -> Stanza:
    return {"by": peer_of(network, reactor, number), "by_me": reactor == number, "emoji": emoji, "t": t}


def sync(network: Network, number: str) -> Stanza:
    """What the phone hands to a device at linking: groups, saved names, recent messages of every chat, oldest first."""
    rows = network.store.all(f"{VIEW} and f.copy = 0 order by f.arrived desc", number)
    kept: list[Stanza] = []
    seen: dict[str, int] = {}
    unread: dict[str, int] = {}
    for row in rows:
        mine = row["sender"] == number
        chat = row["chat"] if mine or groups.is_group(row["chat"]) else row["sender"]
        seen[chat] = seen.get(chat, 0) + 1
        if seen[chat] > PER_CHAT:
            continue
        stanza = _stanza(network, row, number)
        # Unread is what came since the owner last read or wrote.
        counting = seen[chat] == 1 or unread.get(chat, 0) == seen[chat] - 1
        if counting and not mine and _is_unread(network, row, number):
            unread[chat] = unread.get(chat, 0) + 1
            stanza["unread"] = True
        kept.append(stanza)
    return {
        "kind": "history",
        "messages": kept[::-1],
        "groups": [groups.describe(network, group, number) for group in groups.of_member(network, number)],
        "contacts": contacts.for_devices(network, number),
    }


def _is_unread(network: Network, row: sqlite3.Row, number: str) -> bool:
    if not groups.is_group(row["chat"]):
        return bool(row["ack"] < 3)
    return _receipts(network, (row["sender"], row["chat"], row["id"])).get(number, 3) < 3
