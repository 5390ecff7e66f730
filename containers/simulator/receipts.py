"""Acknowledgements after the server's own: delivered (2), read (3) and played (4), told to all the sender's devices."""

import json
import sqlite3

from containers.simulator import accounts, groups, inbox
from containers.simulator.connections import Stanza
from containers.simulator.errors import BadRequest
from containers.simulator.network import Network

DELIVERED, READ, PLAYED = 2, 3, 4
EVENTS = {DELIVERED: "delivered", READ: "read", PLAYED: "played"}
Key = tuple[str, str, str]


def follow(network: Network, key: Key, reader: str) -> None:
    """What a recipient's phone does with a message by itself: receive it, and read it if that is its habit."""
    recipient = accounts.get(network, reader)
    if recipient.reachable:
        wait = accounts.delay_ms(network, recipient, "ack2_ms")
        network.later(wait, lambda: phone_received(network, key, reader))


def phone_received(network: Network, key: Key, reader: str) -> None:
    recipient = accounts.find(network, reader)
    if recipient is None:
        return
    advance(network, key[0], key[1], [key[2]], DELIVERED, reader)
    if recipient.reachable and recipient.auto_read:
        network.later(
            accounts.delay_ms(network, recipient, "ack3_ms"),
            lambda: advance(network, key[0], key[1], [key[2]], READ, reader),
        )


def device_received(network: Network, key: Key, reader: str) -> None:
    """A linked device acknowledged the message: that is a delivery, even when the phone is off."""
    recipient = accounts.get(network, reader)
    network.later(
        accounts.delay_ms(network, recipient, "ack2_ms"),
        lambda: advance(network, key[0], key[1], [key[2]], DELIVERED, reader),
    )


def advance(network: Network, sender: str, chat: str, ids: list[str], ack: int, reader: str) -> list[str]:
    """Moves messages forward to `ack`, never back, and returns those that moved."""
    move = _move_in_group if groups.is_group(chat) else _move
    moved = [i for i in ids if move(network, (sender, chat, i), ack, reader)]
    if moved:
        network.journal.note(EVENTS[ack], sender=sender, to=chat, ids=moved, by=reader)
        for stanza in _receipts(network, sender, chat, moved, ack, reader):
            inbox.put_for(network, sender, stanza)
    return moved


def _move(network: Network, key: Key, ack: int, _reader: str) -> int:
    sql = "update messages set ack = ? where sender = ? and chat = ? and id = ? and ack between 1 and ?"
    return network.store.run(sql, ack, *key, ack - 1)


def _move_in_group(network: Network, key: Key, ack: int, reader: str) -> int:
    """Every member has an ack of their own; the message's is that of the slowest."""
    sql = "update deliveries set ack = ? where sender = ? and chat = ? and id = ? and participant = ? and ack < ?"
    moved = network.store.run(sql, ack, *key, reader, ack)
    if moved:
        network.store.run(
            "update messages set ack = (select min(d.ack) from deliveries d where d.sender = messages.sender"
            " and d.chat = messages.chat and d.id = messages.id) where sender = ? and chat = ? and id = ?",
            *key,
        )
    return moved


def _receipts(network: Network, sender: str, chat: str, ids: list[str], ack: int, reader: str) -> list[Stanza]:
    peer = accounts.peer(network, accounts.get(network, reader), sender)
    if not groups.is_group(chat):
        return [{"kind": "receipt", "peer": peer, "ids": ids, "ack": ack, "whole": ack}]
    base = {"kind": "receipt", "group": chat, "peer": peer, "ack": ack}
    return [base | {"ids": [i], "whole": _whole(network, (sender, chat, i))} for i in ids]


def _whole(network: Network, key: Key) -> int:
    row = network.store.one("select ack from messages where sender = ? and chat = ? and id = ?", *key)
    return int(row["ack"]) if row else 0


def read_chat(network: Network, reader: str, chat: str, ids: list[str] | None = None, via: str = "") -> None:
    """The reader has seen the chat's messages, all of them or the named ones. `chat` is a number or a group."""
    for sender, found in _unread(network, reader, chat).items():
        seen = [i for i in found if ids is None or i in ids]
        key_chat = chat if groups.is_group(chat) else reader
        advance(network, sender, key_chat, seen, DELIVERED, reader)
        advance(network, sender, key_chat, seen, READ, reader)
    if groups.is_group(chat):
        stanza: Stanza = {"kind": "read-self", "group": chat}
    else:
        stanza = {"kind": "read-self", "peer": accounts.peer(network, accounts.get(network, chat), reader)}
    inbox.put_for(network, reader, stanza, but=f"device:{via}")


def played(network: Network, reader: str, row: sqlite3.Row) -> None:
    """Somebody listened to a voice note, watched a round video, or opened what may be seen once."""
    if row["type"] not in ("ptt", "ptv") and not json.loads(row["content"]).get("view_once"):
        raise BadRequest("not_played", "only voice notes, round videos and view-once files are played")
    if row["sender"] == reader:
        raise BadRequest("not_played", "one's own messages are not played")
    for ack in EVENTS:
        advance(network, row["sender"], row["chat"], [row["id"]], ack, reader)


def _unread(network: Network, reader: str, chat: str) -> dict[str, list[str]]:
    """Ids by sender, oldest first."""
    if groups.is_group(chat):
        rows = network.store.all(
            "select d.sender, d.id from deliveries d join messages m using (sender, chat, id)"
            " where d.chat = ? and d.participant = ? and d.ack < 3 order by m.t",
            chat,
            reader,
        )
    else:
        sql = "select sender, id from messages where sender = ? and chat = ? and ack between 1 and 2 order by t"
        rows = network.store.all(sql, chat, reader)
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["sender"], []).append(row["id"])
    return found
