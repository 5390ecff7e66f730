"""Groups: who is in them, who may change that, and how all members' devices are told."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from containers.simulator import accounts, inbox
from containers.simulator.errors import BadRequest, Conflict, Restricted, Unknown
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

GROUP_ID = re.compile(r"\d{15,20}@g\.us")
# The creator counts too.
MOST_MEMBERS = 256
LONGEST_SUBJECT = 100
ORDINARY, ADMIN, SUPER_ADMIN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Member:
    number: str
    admin: int


def is_group(chat: str) -> bool:
    return GROUP_ID.fullmatch(chat) is not None


def members(network: Network, group: str) -> list[Member]:
    rows = network.store.all("select number, admin from members where group_id = ? order by rowid", group)
    return [Member(row["number"], row["admin"]) for row in rows]


def numbers_of(network: Network, group: str) -> list[str]:
    return [m.number for m in members(network, group)]


def member(network: Network, group: str, number: str) -> Member:
    """The membership of someone who acts in a group; strangers are refused."""
    if not is_group(group) or network.store.one("select 1 from groups where id = ?", group) is None:
        raise Unknown("unknown_group", f"there is no group {group}")
    for one in members(network, group):
        if one.number == number:
            return one
    raise Restricted("not_a_member", f"{number} is not in the group {group}")


def of_member(network: Network, number: str) -> list[str]:
    rows = network.store.all("select group_id from members where number = ? order by rowid", number)
    return [row["group_id"] for row in rows]


def create(network: Network, creator: str, subject: str, numbers: Iterable[str]) -> str:
    everyone = list(dict.fromkeys([creator, *numbers]))
    _check_subject(subject)
    _check_size(len(everyone))
    for number in everyone:
        accounts.get(network, number)
    group = f"120363{secrets.randbelow(10**12):012d}@g.us"
    with network.store.transaction():
        network.store.run("insert into groups values (?, ?, ?, ?)", group, subject, creator, now_ms())
        for number in everyone:
            _add(network, group, number, SUPER_ADMIN if number == creator else ORDINARY)
    network.journal.note("group", group=group, creator=creator, members=len(everyone))
    _announce(network, group, everyone, None)
    return group


def _check_subject(subject: str) -> None:
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise BadRequest("bad_subject", f"a subject has 1 to {LONGEST_SUBJECT} characters")


def _check_size(size: int) -> None:
    if size > MOST_MEMBERS:
        raise BadRequest("too_many_participants", f"a group has at most {MOST_MEMBERS} members")


def _add(network: Network, group: str, number: str, admin: int) -> None:
    network.store.run("insert into members values (?, ?, ?)", group, number, admin)


def rename(network: Network, group: str, author: str, subject: str) -> None:
    member(network, group, author)
    _check_subject(subject)
    network.store.run("update groups set subject = ? where id = ?", subject, group)
    _announce(network, group, numbers_of(network, group), {"action": "subject", "author": author, "numbers": []})


def change(network: Network, group: str, author: str, action: str, numbers: list[str]) -> dict[str, int]:
    """Adds, removes, promotes or demotes; a code for each number, in the manner of HTTP."""
    mine = member(network, group, author)
    leaves = action == "remove" and numbers == [author]
    if action not in CHANGES:
        raise BadRequest("bad_action", f"an action is one of {', '.join(CHANGES)}")
    if mine.admin == ORDINARY and not leaves:
        raise Restricted("not_an_admin", f"{author} is no admin of the group {group}")
    before = numbers_of(network, group)
    if action == "add":
        _check_size(len({*before, *numbers}))
    codes = {number: CHANGES[action](network, group, number, number in before) for number in numbers}
    changed = [number for number, code in codes.items() if code == 200]
    if changed:
        network.journal.note("group_change", group=group, author=author, action=action, numbers=changed)
        told = dict.fromkeys([*before, *changed])
        _announce(network, group, told, {"action": action, "author": author, "numbers": changed})
    return codes


def _join(network: Network, group: str, number: str, present: bool) -> int:
    if present:
        return 409
    if accounts.find(network, number) is None:
        return 404
    _add(network, group, number, ORDINARY)
    return 200


def _part(network: Network, group: str, number: str, present: bool) -> int:
    network.store.run("delete from members where group_id = ? and number = ?", group, number)
    return 200 if present else 404


def _rank(admin: int) -> Any:
    def set_rank(network: Network, group: str, number: str, present: bool) -> int:
        sql = "update members set admin = ? where group_id = ? and number = ? and admin < ?"
        changed = network.store.run(sql, admin, group, number, SUPER_ADMIN)
        return 200 if changed else 409 if present else 404

    return set_rank


CHANGES = {"add": _join, "remove": _part, "promote": _rank(ADMIN), "demote": _rank(ORDINARY)}


def describe(network: Network, group: str, observer: str) -> dict[str, Any]:
    row = network.store.one("select * from groups where id = ?", group)
    if row is None:
        raise Conflict("unknown_group", f"there is no group {group}")
    return {
        "id": group,
        "subject": row["subject"],
        "created_at": row["created_at"] // 1000,
        "owner": _peer(network, row["creator"], observer),
        "members": [_peer(network, m.number, observer) | {"admin": m.admin} for m in members(network, group)],
    }


def _peer(network: Network, number: str, observer: str) -> dict[str, Any]:
    return {**accounts.peer(network, accounts.get(network, number), observer)}


def _announce(network: Network, group: str, told: Iterable[str], what: dict[str, Any] | None) -> None:
    for number in told:
        stanza: dict[str, Any] = {"kind": "group", "group": describe(network, group, number), "t": now_ms() // 1000}
        if what:
            stanza["change"] = {
                "action": what["action"],
                "author": _peer(network, what["author"], number),
                "participants": [_peer(network, one, number) for one in what["numbers"]],
            }
        inbox.put_for(network, number, stanza)
