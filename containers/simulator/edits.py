"""What can still happen to a message: it is edited, revoked for everyone, or reacted to."""

import sqlite3

from containers.simulator import accounts, groups, history, inbox, messages
from containers.simulator.connections import Stanza
from containers.simulator.errors import BadRequest, Gone, Restricted, Unknown
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

Key = tuple[str, str, str]
# The figures of the real one: a quarter of an hour, and two days and twelve hours.
EDIT_MS = 15 * 60_000
REVOKE_MS = 60 * 3_600_000
LONGEST_REACTION = 32


def find(network: Network, number: str, chat: str, message_id: str) -> sqlite3.Row:
    """The message that somebody means by an id in one of their chats (a number or a group)."""
    if groups.is_group(chat):
        sql, values = "chat = ?", [chat]
    else:
        sql, values = "((sender = ? and chat = ?) or (sender = ? and chat = ?))", [number, chat, chat, number]
    row = network.store.one(
        f"select * from messages where id = ? and ack > 0 and {sql}",  # noqa: S608  # from the constants above
        message_id,
        *values,
    )
    if row is None:
        raise Unknown("unknown_message", f"no message {message_id} in this chat")
    return row


def _key(row: sqlite3.Row) -> Key:
    return row["sender"], row["chat"], row["id"]


def _check(network: Network, number: str, row: sqlite3.Row) -> None:
    if accounts.get(network, number).faults.banned:
        raise Restricted("banned", f"{number} is banned")
    if groups.is_group(row["chat"]):
        groups.member(network, row["chat"], number)
    if row["revoked_at"]:
        raise Gone("revoked", "this message was revoked")


def edit(network: Network, number: str, row: sqlite3.Row, text: str, via: str) -> str:
    """The new text for everyone, within the window; returns the id of the edit."""
    _check(network, number, row)
    if row["sender"] != number:
        raise Restricted("not_yours", "only the author can edit a message")
    if now_ms() - row["t"] * 1000 > EDIT_MS:
        raise Gone("edit_window_over", "a message can be edited for 15 minutes")
    if not 0 < len(text) <= messages.LONGEST_TEXT:
        raise BadRequest("bad_text", "an edited text has 1 to 65536 characters")
    edit_id = messages.new_id()
    sql = "update messages set text = ?, edited_at = ? where sender = ? and chat = ? and id = ?"
    network.store.run(sql, text, now_ms(), *_key(row))
    network.journal.note("edited", sender=number, to=row["chat"], id=row["id"], via=via)
    _tell(network, _key(row), {"kind": "edit", "text": text, "edit_id": edit_id, "t": now_ms() // 1000}, via)
    return edit_id


def revoke(network: Network, number: str, row: sqlite3.Row, via: str) -> str:
    """Gone for everyone: by its author, or by an admin of the group."""
    _check(network, number, row)
    own = row["sender"] == number
    if not own and not (groups.is_group(row["chat"]) and groups.member(network, row["chat"], number).admin):
        raise Restricted("not_yours", "only the author, or an admin of the group, can revoke a message")
    if own and now_ms() - row["t"] * 1000 > REVOKE_MS:
        raise Gone("revoke_window_over", "a message can be revoked for 60 hours")
    revoke_id = messages.new_id()
    sql = "update messages set text = '', revoked_at = ? where sender = ? and chat = ? and id = ?"
    network.store.run(sql, now_ms(), *_key(row))
    network.store.run("delete from reactions where sender = ? and chat = ? and id = ?", *_key(row))
    network.journal.note("revoked", by=number, sender=row["sender"], to=row["chat"], id=row["id"], via=via)
    how = "sender_revoke" if own else "admin_revoke"
    stanza = {"kind": "revoke", "revoke_id": revoke_id, "how": how, "t": now_ms() // 1000}
    _tell(network, _key(row), stanza, via, by=number)
    return revoke_id


def react(network: Network, number: str, row: sqlite3.Row, emoji: str, via: str) -> str:
    """One reaction per person; an empty one takes it back."""
    _check(network, number, row)
    if len(emoji) > LONGEST_REACTION:
        raise BadRequest("bad_reaction", "a reaction is one emoji, or empty")
    t = now_ms() // 1000
    network.store.run(
        "delete from reactions where sender = ? and chat = ? and id = ? and reactor = ?", *_key(row), number
    )
    if emoji:
        network.store.run("insert into reactions values (?, ?, ?, ?, ?, ?)", *_key(row), number, emoji, t)
    network.journal.note("reacted", by=number, sender=row["sender"], to=row["chat"], id=row["id"], via=via)
    reaction_id = messages.new_id()
    _tell(network, _key(row), {"kind": "reaction", "reaction_id": reaction_id, "emoji": emoji, "t": t}, via, by=number)
    return reaction_id


def _tell(network: Network, key: Key, what: Stanza, via: str, by: str = "") -> None:
    """Every device of everyone in the chat, but the one that did it."""
    for number in messages.parties(network, key):
        stanza = what | history.naming(network, key, number)
        if by:
            stanza |= {"by": history.peer_of(network, by, number), "by_me": by == number}
        inbox.put_for(network, number, stanza, but=via)
