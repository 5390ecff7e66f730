"""The way of a message: accepted, filed with both phones, put in the queues of all devices but its sender's."""

import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from containers.simulator import accounts, groups, history, inbox, permission, receipts
from containers.simulator.accounts import Account
from containers.simulator.errors import BadRequest, Unknown
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

Key = tuple[str, str, str]
LONGEST_TEXT = 65_536
MESSAGE_ID = re.compile(r"[A-Za-z0-9.:-]{8,64}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it was handed in, by the phone or by a linked device. `to` is a number or a group."""

    sender: str
    to: str
    id: str
    text: str
    quoted_id: str | None
    via: str
    mentions: tuple[str, ...] = ()
    # As contents.py describes it; empty when the text is all.
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.sender, self.to, self.id


def new_id() -> str:
    return "3A" + secrets.token_hex(9).upper()


def check(draft: Draft) -> None:
    if not MESSAGE_ID.fullmatch(draft.id):
        raise BadRequest("bad_message_id", "a message id is 8 to 64 letters and digits")
    if not draft.text and not draft.content:
        raise BadRequest("empty_text", "a text message needs a text")
    if len(draft.text) > LONGEST_TEXT:
        raise BadRequest("too_long", f"a text has at most {LONGEST_TEXT} characters")


def recipients(network: Network, key: Key) -> list[str]:
    """Who a message is for: the other person (oneself, in the chat with oneself) or the group's other members."""
    if not groups.is_group(key[1]):
        return [key[1]]
    return [number for number in groups.numbers_of(network, key[1]) if number != key[0]]


def parties(network: Network, key: Key) -> list[str]:
    return list(dict.fromkeys([key[0], *recipients(network, key)]))


def _stored(network: Network, key: Key) -> sqlite3.Row:
    row = network.store.one("select * from messages where sender = ? and chat = ? and id = ?", *key)
    if row is None:
        raise Unknown("unknown_message", f"no message {key[2]}")
    return row


def accept(network: Network, draft: Draft, accepted: Callable[[int], None]) -> None:
    """Takes a message of a device once; `accepted(t)` is called when the server vouches for it.

    The same id from the same account in the same chat is a copy: dropped, or, when the network is set
    to deliver copies, filed with the phones a second time.
    """
    t = _store(network, draft)
    if t is None:
        _accept_copy(network, draft, accepted)
        return

    def vouch() -> None:
        accepted(t)
        complete(network, draft.key)

    network.later(accounts.delay_ms(network, accounts.get(network, draft.sender), "ack1_ms"), vouch)


def send_from_phone(network: Network, draft: Draft) -> int:
    """The phone sends: filed at once; returns the time in seconds."""
    t = _store(network, draft)
    complete(network, draft.key)
    return t or 0


def _store(network: Network, draft: Draft) -> int | None:
    """The time of the message, or None when it is a copy."""
    check(draft)
    permission.check(network, draft.sender, draft.to)
    t = now_ms() // 1000
    new = network.store.run(
        "insert or ignore into messages (sender, chat, id, text, t, quoted_id, via, mentions, type, content)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *draft.key,
        draft.text,
        t,
        draft.quoted_id,
        draft.via,
        json.dumps(draft.mentions),
        draft.content.get("type", "chat"),
        json.dumps(draft.content),
    )
    return t if new else None


def _accept_copy(network: Network, draft: Draft, accepted: Callable[[int], None]) -> None:
    delivered = not network.settings.drop_copies
    network.journal.count("copies_delivered" if delivered else "copies_dropped")
    network.journal.note("copy", sender=draft.sender, to=draft.to, id=draft.id, delivered=delivered)
    if delivered:
        _file(network, draft.key, copy=True)
        _tell_devices(network, draft.key, recipients(network, draft.key), but=draft.via)
    accepted(_stored(network, draft.key)["t"])


def complete(network: Network, key: Key) -> None:
    """From here on the message exists for everybody: phones, other devices, the recipient's devices."""
    changed = network.store.run(
        "update messages set ack = 1 where sender = ? and chat = ? and id = ? and ack = 0", *key
    )
    if not changed:
        return
    via: str = _stored(network, key)["via"]
    with network.store.transaction():
        network.journal.count("messages_filed")
        network.journal.note("filed", sender=key[0], to=key[1], id=key[2], via=via)
        _file(network, key, copy=False)
        _expect_receipts(network, key)
    _tell_devices(network, key, parties(network, key), but=via)
    for number in recipients(network, key):
        receipts.follow(network, key, number)


def _expect_receipts(network: Network, key: Key) -> None:
    if groups.is_group(key[1]):
        for number in recipients(network, key):
            network.store.run("insert into deliveries values (?, ?, ?, ?, 1)", *key, number)


def _tell_devices(network: Network, key: Key, numbers: Iterable[str], *, but: str) -> None:
    """Never an echo: the device that sent the message is not told of it."""
    for number in dict.fromkeys(numbers):
        inbox.put_for(network, number, history.stanza_of(network, key, number), but=but)


def _file(network: Network, key: Key, *, copy: bool) -> None:
    """Files the message with both phones; a phone that is off sees it when it is on again."""
    for number in parties(network, key):
        network.store.run(
            "insert into filed (account, sender, chat, id, copy) values (?, ?, ?, ?, ?)",
            number,
            *key,
            int(copy),
        )
        if accounts.get(network, number).reachable:
            _catch_up(network, number)


def _catch_up(network: Network, number: str) -> None:
    network.store.run("update filed set arrived = seq where account = ? and arrived is null", number)


def phone_online_again(network: Network, account: Account) -> None:
    """An online phone takes what waits for it, in order, and behaves as it does."""
    _catch_up(network, account.number)
    rows = network.store.all(
        "select sender, chat, id from messages where chat = ? and ack between 1 and 2"
        " union all select sender, chat, id from deliveries where participant = ? and ack < 3",
        account.number,
        account.number,
    )
    for row in rows:
        receipts.follow(network, (row["sender"], row["chat"], row["id"]), account.number)


def resume(network: Network) -> None:
    """After a restart: what had been about to happen follows from what is stored."""
    inbox.let_go_all(network)
    for row in network.store.all("select sender, chat, id, ack from messages where ack < 3 order by rowid"):
        key = (row["sender"], row["chat"], row["id"])
        if row["ack"] == 0:
            complete(network, key)
        else:
            for number in recipients(network, key):
                receipts.follow(network, key, number)
