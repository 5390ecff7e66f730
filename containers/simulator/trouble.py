"""Trouble as it reaches live pages and phones: bans take effect, lines slow down, long absences end links."""

from containers.simulator import accounts, devices, media_retries, messages
from containers.simulator.accounts import Account
from containers.simulator.connections import Stanza
from containers.simulator.errors import Unknown
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

DAY_MS = 86_400_000
# A phone that was not seen for so long has its devices logged out; so is a device that does not connect.
PHONE_ABSENT_MS = 14 * DAY_MS
DEVICE_ABSENT_MS = 30 * DAY_MS


def apply_all(network: Network) -> None:
    for account in accounts.everyone(network):
        apply(network, account)


def apply(network: Network, account: Account) -> None:
    """Puts an account's faults into effect where they do not wait to be looked up."""
    network.live.slow[account.number] = (account.faults.latency_ms, account.faults.jitter_ms)
    if account.faults.banned:
        throw_out(network, account.number, {"type": "stream-error", "reason": "banned"})


def throw_out(network: Network, number: str, stanza: Stanza) -> int:
    connections = list(network.live.of_account(number))
    for connection in connections:
        connection.send(stanza)
        connection.hang_up()
    return len(connections)


def changed(network: Network, before: Account, after: Account) -> None:
    apply(network, after)
    if before.faults.uploads != after.faults.uploads:
        network.ease_uploads()
    if after.reachable and not before.reachable:
        messages.phone_online_again(network, after)
        media_retries.phone_is_back(network, after.number)
    if before.faults.banned != after.faults.banned:
        network.journal.note("ban" if after.faults.banned else "ban_lifted", number=after.number)
    end_long_absences(network)


def tell_pages(network: Network, number: str, stanza: Stanza) -> int:
    """Makes every page of an account do something to itself; says how many there are."""
    accounts.get(network, number)
    connections = list(network.live.of_account(number))
    if not connections:
        raise Unknown("no_page", f"no page of {number} is on the line")
    for connection in connections:
        connection.send(stanza)
    return len(connections)


def end_long_absences(network: Network) -> None:
    """The phone unused for 14 days logs its devices out; a device that stayed away for 30 days is dropped."""
    now = now_ms()
    for account in accounts.everyone(network):
        absent = not account.online and now - account.phone_seen_at > PHONE_ABSENT_MS
        for device in devices.linked(network, account.number):
            if absent:
                devices.remove(network, device, by="phone_absent")
            elif now - devices.seen_at(network, device) > DEVICE_ABSENT_MS:
                devices.remove(network, device, by="device_absent")
