"""Acknowledgements after the server's own: delivered (2) and read (3), told to every device of the sender."""

from containers.simulator import accounts, devices, inbox
from containers.simulator.network import Network

DELIVERED, READ = 2, 3
Key = tuple[str, str, str]


def follow(network: Network, key: Key) -> None:
    """What the recipient's phone does with a message by itself: receive it, and read it if that is its habit."""
    recipient = accounts.get(network, key[1])
    if recipient.online:
        network.later(accounts.delay_ms(network, recipient, "ack2_ms"), lambda: phone_received(network, key))


def phone_received(network: Network, key: Key) -> None:
    recipient = accounts.find(network, key[1])
    if recipient is None:
        return
    advance(network, key[0], key[1], [key[2]], DELIVERED)
    if recipient.online and recipient.auto_read:
        network.later(
            accounts.delay_ms(network, recipient, "ack3_ms"),
            lambda: advance(network, key[0], key[1], [key[2]], READ),
        )


def device_received(network: Network, key: Key) -> None:
    """A linked device acknowledged the message: that is a delivery, even when the phone is off."""
    recipient = accounts.get(network, key[1])
    network.later(
        accounts.delay_ms(network, recipient, "ack2_ms"),
        lambda: advance(network, key[0], key[1], [key[2]], DELIVERED),
    )


def advance(network: Network, sender: str, chat: str, ids: list[str], ack: int) -> list[str]:
    """Moves messages forward to `ack`, never back, and returns those that moved."""
    moved = [
        i
        for i in ids
        if network.store.run(
            "update messages set ack = ? where sender = ? and chat = ? and id = ? and ack between 1 and ?",
            ack,
            sender,
            chat,
            i,
            ack - 1,
        )
    ]
    if moved:
        event = "read" if ack == READ else "delivered"
        network.journal.note(event, sender=sender, to=chat, ids=moved)
        peer = accounts.get(network, chat).as_peer()
        for device in devices.linked(network, sender):
            inbox.put(network, device, {"kind": "receipt", "peer": peer, "ids": moved, "ack": ack})
    return moved


def read_chat(network: Network, reader: str, peer: str, ids: list[str] | None = None, via: str = "") -> None:
    """The reader has seen the peer's messages, all of them or the named ones."""
    rows = network.store.all(
        "select id from messages where sender = ? and chat = ? and ack between 1 and 2 order by t", peer, reader
    )
    unread = [row["id"] for row in rows if ids is None or row["id"] in ids]
    advance(network, peer, reader, unread, DELIVERED)
    advance(network, peer, reader, unread, READ)
    for device in devices.linked(network, reader):
        if device != via:
            stanza = {"kind": "read-self", "peer": accounts.get(network, peer).as_peer()}
            inbox.put(network, device, stanza)
