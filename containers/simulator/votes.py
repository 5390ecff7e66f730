"""Votes in polls: each voter's newest choice, told to every device in the chat."""

import json
import sqlite3

from containers.simulator import accounts, groups, history, inbox, messages
from containers.simulator.connections import Stanza
from containers.simulator.errors import BadRequest, Gone, Restricted
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

Key = tuple[str, str, str]


def cast(network: Network, number: str, row: sqlite3.Row, options: list[str], via: str) -> str:
    """Replaces what the voter chose before; no option at all takes the vote back. Returns the id of the vote."""
    key: Key = (row["sender"], row["chat"], row["id"])
    if accounts.get(network, number).faults.banned:
        raise Restricted("banned", f"{number} is banned")
    if groups.is_group(row["chat"]):
        groups.member(network, row["chat"], number)
    if row["revoked_at"]:
        raise Gone("revoked", "this poll was revoked")
    _check(row, options)
    vote_id = messages.new_id()
    at_ms = now_ms()
    network.store.run(
        "insert or replace into votes values (?, ?, ?, ?, ?, ?)", *key, number, json.dumps(options), at_ms
    )
    network.journal.note("voted", by=number, sender=key[0], to=key[1], id=key[2], via=via)
    for observer in messages.parties(network, key):
        stanza: Stanza = {
            "kind": "vote",
            "vote_id": vote_id,
            "options": options,
            "t_ms": at_ms,
            "by_me": observer == number,
        }
        stanza |= history.naming(network, key, observer) | {"by": history.peer_of(network, number, observer)}
        inbox.put_for(network, observer, stanza, but=via)
    return vote_id


def _check(row: sqlite3.Row, options: list[str]) -> None:
    if row["type"] != "poll_creation":
        raise BadRequest("no_poll", "this message is no poll")
    poll = json.loads(row["content"])
    if len(set(options)) != len(options) or not set(options) <= set(poll["options"]):
        raise BadRequest("bad_option", "a vote names options of the poll, each once")
    if poll["selectable"] and len(options) > poll["selectable"]:
        raise BadRequest("too_many_options", f"at most {poll['selectable']} may be chosen")
