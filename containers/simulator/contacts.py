"""Names that an account has saved for other people; its linked devices share them."""

from typing import Any

from containers.simulator import accounts, inbox
from containers.simulator.errors import BadRequest
from containers.simulator.network import Network


def save(network: Network, owner: str, number: str, name: str) -> None:
    if not 0 < len(name) <= 100:
        raise BadRequest("bad_name", "a contact's name has 1 to 100 characters")
    accounts.get(network, number)
    network.store.run("insert or replace into saved values (?, ?, ?)", owner, number, name)
    # Who saves a number knows it.
    network.store.run("insert or ignore into known values (?, ?)", owner, number)
    inbox.put_for(network, owner, _stanza(network, owner, number, name))


def forget(network: Network, owner: str, number: str) -> None:
    if network.store.run("delete from saved where owner = ? and number = ?", owner, number):
        inbox.put_for(network, owner, _stanza(network, owner, number, None))


def listing(network: Network, owner: str) -> list[dict[str, str]]:
    accounts.get(network, owner)
    rows = network.store.all("select number, name from saved where owner = ? order by name", owner)
    return [{"number": row["number"], "name": row["name"]} for row in rows]


def for_devices(network: Network, owner: str) -> list[dict[str, Any]]:
    return [_stanza(network, owner, one["number"], one["name"]) for one in listing(network, owner)]


def reveal(network: Network, number: str) -> None:
    """The account shows its number again: whoever talked to it learns which number belongs to the hidden id."""
    rows = network.store.all(
        "select distinct sender as other from messages where chat = ? and sender != ?"
        " union select distinct chat from messages where sender = ? and chat not like '%@g.us'",
        *(number, number, number),
    )
    for row in rows:
        if accounts.find(network, row["other"]):
            peer = accounts.peer(network, accounts.get(network, number), row["other"])
            inbox.put_for(network, row["other"], {"kind": "contact", "peer": peer})


def _stanza(network: Network, owner: str, number: str, name: str | None) -> dict[str, Any]:
    peer = accounts.peer(network, accounts.get(network, number), owner)
    return {"kind": "contact", "peer": peer, "saved": name}
