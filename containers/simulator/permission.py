"""Who may send where: not the banned, not strangers to a group, and no new chats for a restricted account."""

from containers.simulator import accounts, groups
from containers.simulator.errors import Restricted, Timelocked
from containers.simulator.journal import now_ms
from containers.simulator.network import Network


def check(network: Network, number: str, to: str) -> None:
    """Refuses what `number` may not send to a person or a group."""
    sender = accounts.get(network, number)
    if sender.faults.banned:
        raise Restricted("banned", f"{number} is banned")
    if groups.is_group(to):
        groups.member(network, to, number)
        return
    until = sender.faults.restricted_until
    if until is not None and now_ms() < until and not _ever_wrote(network, to, number):
        raise Timelocked("new_chats_restricted", f"no new chats until {until}", until)


def _ever_wrote(network: Network, sender: str, to: str) -> bool:
    sql = "select 1 from messages where sender = ? and chat = ? and ack > 0 limit 1"
    return sender == to or network.store.one(sql, sender, to) is not None
