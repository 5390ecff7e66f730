"""A phone's own view of its chats, and the copy of it that a newly linked device is handed."""

import sqlite3
from typing import Any

from containers.simulator import accounts
from containers.simulator.connections import Stanza
from containers.simulator.errors import Unknown
from containers.simulator.network import Network

# The real thing hands over months; a few dozen per chat are enough to tell history from news.
PER_CHAT = 50

QUOTED = """
left join messages q on q.id = m.quoted_id
    and ((q.sender = m.sender and q.chat = m.chat) or (q.sender = m.chat and q.chat = m.sender))
"""
COLUMNS = "m.*, q.sender as quoted_sender, q.text as quoted_text"
# Put together from the constants above alone.
ONE = f"select {COLUMNS} from messages m {QUOTED} where m.sender = ? and m.chat = ? and m.id = ?"  # noqa: S608
VIEW = f"""
select {COLUMNS}, f.copy, f.arrived from filed f
join messages m on m.sender = f.sender and m.chat = f.chat and m.id = f.id {QUOTED}
where f.account = ? and f.arrived is not null
"""  # noqa: S608


def conversation(network: Network, number: str, peer: str | None) -> list[dict[str, Any]]:
    """The phone's messages in order of arrival, all or with one person."""
    accounts.get(network, number)
    sql, values = VIEW, [number]
    if peer is not None:
        sql += " and ((m.sender = ? and m.chat = ?) or (m.sender = ? and m.chat = ?))"
        values += [number, peer, peer, number]
    return [_as_json(row, number) for row in network.store.all(f"{sql} order by f.arrived", *values)]


def _as_json(row: sqlite3.Row, number: str) -> dict[str, Any]:
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
    }


def stanza_of(network: Network, key: tuple[str, str, str], number: str) -> Stanza:
    """One stored message as a device of `number` is told of it."""
    row = network.store.one(ONE, *key)
    if row is None:
        raise Unknown("unknown_message", f"no message {key[2]}")
    return _stanza(network, row, number)


def _stanza(network: Network, row: sqlite3.Row, number: str) -> Stanza:
    from_me = row["sender"] == number
    peer = accounts.get(network, row["chat"] if from_me else row["sender"])
    stanza: Stanza = {
        "kind": "message",
        "id": row["id"],
        "peer": peer.as_peer(),
        "from_me": from_me,
        "text": row["text"],
        "t": row["t"],
        "ack": row["ack"],
    }
    if row["quoted_id"]:
        stanza["quoted"] = {
            "id": row["quoted_id"],
            "from_me": row["quoted_sender"] == number,
            "text": row["quoted_text"] or "",
        }
    return stanza


def sync(network: Network, number: str) -> Stanza:
    """What the phone hands to a device at linking: recent messages of every chat, oldest first."""
    rows = network.store.all(f"{VIEW} and f.copy = 0 order by f.arrived desc", number)
    kept: list[Stanza] = []
    seen: dict[str, int] = {}
    for row in rows:
        stanza = _stanza(network, row, number)
        peer = stanza["peer"]["number"]
        seen[peer] = seen.get(peer, 0) + 1
        if seen[peer] <= PER_CHAT:
            kept.append(stanza)
    return {"kind": "history", "messages": kept[::-1]}
