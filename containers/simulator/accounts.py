"""Accounts: a phone number, its hidden id, a name, and a phone with habits."""

import hashlib
import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from containers.simulator import faults as faults_of
from containers.simulator.errors import BadRequest, Unknown
from containers.simulator.faults import Faults
from containers.simulator.journal import now_ms
from containers.simulator.network import Network
from containers.simulator.settings import DELAYS, checked_number

NUMBER = re.compile(r"\d{5,15}")
JID = re.compile(r"(\d{5,20})@(c\.us|lid)")


@dataclass(frozen=True, slots=True)
class Account:
    number: str
    lid: str
    name: str
    online: bool
    auto_read: bool
    lid_chats: bool
    delays: dict[str, int | None]
    phone_seen_at: int
    faults: Faults

    @property
    def reachable(self) -> bool:
        """Whether the phone takes part: it is on, and nobody has banned it."""
        return self.online and not self.faults.banned

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "jid": f"{self.number}@c.us",
            "lid": f"{self.lid}@lid",
            "name": self.name,
            "online": self.online,
            "auto_read": self.auto_read,
            "lid_chats": self.lid_chats,
            "delays": self.delays,
            "phone_seen_at": self.phone_seen_at,
            **self.faults.as_json(),
        }

    def as_peer(self) -> dict[str, str | None]:
        """How its own devices are told who this is; others are told by `peer`."""
        return {"number": self.number, "lid": self.lid, "name": self.name}


def _from_row(row: sqlite3.Row) -> Account:
    return Account(
        row["number"],
        row["lid"],
        row["name"],
        bool(row["online"]),
        bool(row["auto_read"]),
        bool(row["lid_chats"]),
        {name: row[name] for name in DELAYS},
        row["phone_seen_at"],
        faults_of.from_row(row),
    )


def find(network: Network, number: str) -> Account | None:
    row = network.store.one("select * from accounts where number = ?", number)
    return _from_row(row) if row else None


def get(network: Network, number: str) -> Account:
    account = find(network, number)
    if account is None:
        raise Unknown("unknown_number", f"no account has the number {number}")
    return account


def everyone(network: Network) -> list[Account]:
    return [_from_row(row) for row in network.store.all("select * from accounts order by rowid")]


def by_jid(network: Network, jid: str) -> Account:
    """The account that `<digits>@c.us` or `<digits>@lid` names."""
    match = JID.fullmatch(jid)
    if match is None:
        raise BadRequest("bad_jid", f"{jid!r} is not the id of a person")
    user, server = match.groups()
    column = "lid" if server == "lid" else "number"
    row = network.store.one(f"select * from accounts where {column} = ?", user)  # noqa: S608
    if row is None:
        raise Unknown("unknown_number", f"{jid} is not on WhatsApp")
    return _from_row(row)


def peer(network: Network, account: Account, observer: str) -> dict[str, str | None]:
    """How a device of `observer` is told of somebody: without the number while that is hidden and not learnt."""
    told = account.as_peer()
    if account.faults.hide_number and observer != account.number and not _knows(network, observer, account.number):
        told["number"] = None
    return told


def _knows(network: Network, observer: str, number: str) -> bool:
    return network.store.one("select 1 from known where observer = ? and number = ?", observer, number) is not None


def addressed(network: Network, observer: str, jid: str) -> Account:
    """The account behind an id that `observer` used: whoever uses a number knows it from then on."""
    account = by_jid(network, jid)
    if jid.endswith("@c.us"):
        network.store.run("insert or ignore into known values (?, ?)", observer, account.number)
    return account


def hidden_id(number: str) -> str:
    """A fifteen-digit id that does not show the number; the same for the same number in every run."""
    digest = int.from_bytes(hashlib.sha256(f"lid:{number}".encode()).digest()[:8])
    return f"2{digest % 10**14:014d}"


def create(network: Network, number: str, name: str | None) -> tuple[Account, bool]:
    """The account and whether it is new."""
    if not NUMBER.fullmatch(number):
        raise BadRequest("bad_number", "a number is 5 to 15 digits, country code first, without +")
    existing = find(network, number)
    if existing:
        return existing, False
    network.store.run(
        "insert into accounts (number, lid, name, phone_seen_at) values (?, ?, ?, ?)",
        number,
        hidden_id(number),
        name or f"+{number}",
        now_ms(),
    )
    network.journal.note("account", number=number)
    return get(network, number), True


def change(network: Network, number: str, body: dict[str, Any]) -> Account:
    get(network, number)
    for name, value in body.items():
        if name in ("online", "auto_read", "lid_chats"):
            if not isinstance(value, bool):
                raise BadRequest("bad_field", f"{name} must be true or false")
            _set(network, number, name, int(value))
            if name == "online":
                _set(network, number, "phone_seen_at", now_ms())
        elif name in faults_of.NAMES:
            _set(network, number, name, faults_of.column_value(name, value))
        elif name == "phone_seen_at" and isinstance(value, int):
            _set(network, number, name, value)
        elif name == "delays" and isinstance(value, dict):
            _set_delays(network, number, value)
        else:
            raise BadRequest("unknown_field", f"an account has no field {name!r} that can be changed")
    return get(network, number)


def _set_delays(network: Network, number: str, delays: dict[str, Any]) -> None:
    for name, value in delays.items():
        if name not in DELAYS:
            raise BadRequest("unknown_field", f"there is no delay {name!r}")
        _set(network, number, name, None if value is None else checked_number(name, value))


def _set(network: Network, number: str, column: str, value: str | int | None) -> None:
    network.store.run(f"update accounts set {column} = ? where number = ?", value, number)  # noqa: S608


def delay_ms(network: Network, account: Account, name: str) -> int:
    """The account's own delay, else the network's."""
    own = account.delays[name]
    value: int = getattr(network.settings, name) if own is None else own
    return value
