"""What a linked device still has to take: kept in order until the device acknowledges each position."""

import json

from containers.simulator.connections import Connection, Stanza
from containers.simulator.network import Network


def put(network: Network, device: str, stanza: Stanza) -> None:
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
