"""Linked devices: filed at linking with their public key, known again by a signature, removed for good."""

import base64
import hashlib
import hmac
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from containers.simulator import accounts, history, inbox, passkeys
from containers.simulator.accounts import Account
from containers.simulator.connections import Connection
from containers.simulator.errors import BadRequest, Conflict, Unknown
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

MOST_DEVICES = 4


def scan(network: Network, number: str, code: str) -> str | None:
    """The phone scans a code, or has one typed in: the page behind it becomes a linked device, whose id is returned.

    None when a passkey is demanded of the page first.
    """
    account = accounts.get(network, number)
    network.journal.count("scans")
    if not account.reachable:
        raise Conflict("phone_offline", "the phone is offline and cannot link a device")
    if len(linked(network, number)) >= MOST_DEVICES:
        raise Conflict("too_many_devices", f"an account has at most {MOST_DEVICES} linked devices")
    offer, whole = network.codes.take(code, number)
    parts = whole.split(",")
    # Some clients append the kind of device.
    if len(parts) not in (4, 5):
        raise BadRequest("bad_code", "a linking code has four parts, or five")
    proof = _proof(parts[0], parts[2], parts[3])
    offer.used = True

    def link() -> str:
        return _link(network, account, offer.connection, parts[0], parts[2], proof)

    if account.faults.passkey:
        passkeys.demand(network, number, offer.connection, link)
        return None
    return link()


def _link(network: Network, account: Account, page: Connection, ref: str, identity: str, proof: str) -> str:
    device = _file(network, account.number, identity)
    page.send({"type": "pair-success", "device": device, "me": account.as_peer(), "proof": proof, "ref": ref})
    network.journal.count("links")
    network.journal.note("link", number=account.number, device=device, page=page.page)
    return device


def _proof(ref: str, identity: str, secret: str) -> str:
    """Shows the page that whoever links it has seen its screen: only the code holds the secret."""
    try:
        key = base64.b64decode(secret, validate=True)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(identity))
    except ValueError as problem:
        raise BadRequest("bad_code", "the keys in this code are damaged") from problem
    return base64.b64encode(hmac.digest(key, (ref + identity).encode(), hashlib.sha256)).decode()


def _file(network: Network, number: str, identity: str) -> str:
    row = network.store.one("select count(*) as n from devices where number = ?", number)
    device = f"{number}:{(row['n'] if row else 0) + 1}"
    network.store.run(
        "insert into devices (id, number, identity_key, linked_at, seen_at) values (?, ?, ?, ?, ?)",
        device,
        number,
        identity,
        now_ms(),
        now_ms(),
    )
    inbox.put(network, device, history.sync(network, number))
    return device


def linked(network: Network, number: str) -> list[str]:
    rows = network.store.all(
        "select id from devices where number = ? and removed_at is null order by linked_at", number
    )
    return [row["id"] for row in rows]


def listing(network: Network, number: str) -> list[dict[str, Any]]:
    accounts.get(network, number)
    rows = network.store.all(
        "select id, linked_at, (select count(*) from inbox where device = id) as waiting from devices"
        " where number = ? and removed_at is null order by linked_at",
        number,
    )
    return [
        {
            "device": row["id"],
            "linked_at": row["linked_at"],
            "connected": network.live.of_device(row["id"]) is not None,
            "waiting": row["waiting"],
            "seen_at": seen_at(network, row["id"]),
        }
        for row in rows
    ]


def saw(network: Network, device: str) -> None:
    network.store.run("update devices set seen_at = ? where id = ?", now_ms(), device)


def seen_at(network: Network, device: str) -> int:
    """When the device was last on the line: now, while it is."""
    if network.live.of_device(device):
        return now_ms()
    row = network.store.one("select max(seen_at, linked_at) as at from devices where id = ?", device)
    return int(row["at"]) if row else 0


def owner_by_signature(network: Network, device: str, nonce: bytes, signature: str) -> str | None:
    """The account of a device that signed our nonce with the key filed at linking, else None."""
    row = network.store.one("select * from devices where id = ? and removed_at is null", device)
    if row is None:
        return None
    point = base64.b64decode(row["identity_key"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        raw = base64.b64decode(signature, validate=True)
        half = len(raw) // 2
        der = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
        key.verify(der, nonce, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return None
    number: str = row["number"]
    return number


def remove(network: Network, device: str, by: str) -> None:
    """Logs the device out for good: its queue is deleted and its page is told, now or at its next login."""
    changed = network.store.run(
        "update devices set removed_at = ? where id = ? and removed_at is null", now_ms(), device
    )
    if not changed:
        raise Unknown("unknown_device", f"no linked device {device}")
    network.store.run("delete from inbox where device = ?", device)
    network.journal.count("logouts")
    network.journal.note("logout", device=device, by=by)
    connection = network.live.of_device(device)
    if connection:
        connection.send({"type": "stream-error", "reason": "device_removed", "by": by})
        connection.hang_up()
