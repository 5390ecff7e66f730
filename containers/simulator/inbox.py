"""What a linked device still has to take: kept in order until the device acknowledges each position."""

import json

from containers.simulator import accounts
from containers.simulator.connections import Connection, Stanza
from containers.simulator.network import Network


def put_for(network: Network, number: str, stanza: Stanza, *, but: str = "") -> None:
    """The same for all linked devices of an account but the one that did it."""
    sql = "select id from devices where number = ? and removed_at is null order by linked_at"
    for row in network.store.all(sql, number):
        if but != f"device:{row['id']}":
            put(network, row["id"], stanza)


def put(network: Network, device: str, stanza: Stanza) -> None:
    """Queues the stanza for the device, as late and as often as the account's faults have it."""
    faults = accounts.get(network, device.split(":")[0]).faults
    delay = faults.delivery_delays.get(_chat_of(stanza), faults.delivery_delays.get("*", 0))
    copies = 2 if faults.duplicates and stanza["kind"] != "history" else 1
    for _ in range(copies):
        if delay:
            _hold(network, device, stanza, delay)
        else:
            _place(network, device, stanza)


def _chat_of(stanza: Stanza) -> str:
    peer = stanza.get("peer") or {}
    group = stanza.get("group")
    return str((group["id"] if isinstance(group, dict) else group) or peer.get("number") or peer.get("lid"))


def _hold(network: Network, device: str, stanza: Stanza, delay_ms: int) -> None:
    """Chats overtake one another, but within a chat the delay is the same for all: order is kept."""
    row = network.store.one("insert into held (device, stanza) values (?, ?) returning n", device, json.dumps(stanza))
    if row:
        n: int = row["n"]
        network.later(delay_ms, lambda: let_go(network, n))


def let_go(network: Network, n: int) -> None:
    row = network.store.one("delete from held where n = ? returning device, stanza", n)
    if row:
        _place(network, row["device"], json.loads(row["stanza"]))


def let_go_all(network: Network) -> None:
    """After a restart nothing is held back any longer."""
    for row in network.store.all("select n from held order by n"):
        let_go(network, row["n"])


def _place(network: Network, device: str, stanza: Stanza) -> None:
    """Files the stanza under the device's next position, and sends it when the device is on the line."""
    with network.store.transaction():
        row = network.store.one("select next_position from devices where id = ?", device)
        if row is None:
            return
        position: int = row["next_position"]
        network.store.run("update devices set next_position = ? where id = ?", position + 1, device)
        network.store.run("insert into inbox values (?, ?, ?)", device, position, json.dumps(stanza))
    connection = network.live.of_device(device)
    if connection:
        connection.send(_placed(position, stanza))


def backlog(network: Network, device: str) -> list[Stanza]:
    rows = network.store.all("select position, stanza from inbox where device = ? order by position", device)
    return [_placed(row["position"], json.loads(row["stanza"])) for row in rows]


def acknowledge(network: Network, connection: Connection, position: int) -> Stanza | None:
    """Deletes what the device says it has, and returns it; None when it was acknowledged before."""
    row = network.store.one(
        "delete from inbox where device = ? and position = ? returning stanza", connection.device, position
    )
    if row is None:
        return None
    stanza: Stanza = json.loads(row["stanza"])
    return stanza


def _placed(position: int, stanza: Stanza) -> Stanza:
    return {"type": "stanza", "position": position, **stanza}
