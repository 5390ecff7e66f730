"""What differs between dev, staging and prod, and nothing else: one frozen dataclass, one value per environment.

Account numbers, contact and the address of dev's WhatsApp are placeholders: replace them before the first deployment.
Data residency (R-PRIV-9): `region` is the only place where anything of a stage is stored or processed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

type StageName = Literal["dev", "staging", "prod"]


@dataclass(frozen=True, slots=True)
class Workers:
    """How many tasks run, and the size of each (R-OPS-1: at least 2/4/20, recommended 4/8/100)."""

    least: int
    most: int
    vcpu: int = 2
    memory_gb: int = 4
    disk_gb: int = 20


@dataclass(frozen=True, slots=True)
class Settings:
    stage: StageName
    account: str
    region: str
    zones: tuple[str, ...]  # named, because looking them up needs the account's credentials
    nat_gateways: int  # each is an address of its own towards WhatsApp, and most of the idle cost
    workers: Workers
    contact: str  # who gets the alarms
    whatsapp_url: str = "https://web.whatsapp.com/"
    log_level: Literal["DEBUG", "INFO", "WARN"] = "INFO"
    log_days: Literal[7, 30, 90] = 30
    keep_data: bool = True  # tables, buckets and keys outlive their stack and refuse to be deleted
    media_keep_days: int = 30  # how long files that came in are kept
    scale: int = 1  # times the blueprint's concurrency
    reserve_concurrency: bool = True  # needs an account whose Lambda quota is above the sum of all functions
    warm: bool = False  # keep the functions that the blueprint calls warm started
    requests_per_second: int = 200  # of all callers together; each key's quota is in the table
    burst: int = 400
    requests_per_address: int = 3000  # in five minutes, from one address; the firewall's
    proxy_ports: tuple[int, ...] = ()  # where the sessions' own proxies listen, beside 443
    # What changes R-LIM's limits, the budgets and the pacing (docs/pacing.md): dev relaxes them by its stage alone.
    limits: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    detailed_logs: bool = True  # network flow and firewall logs

    def name(self, thing: str) -> str:
        """The physical name of a thing of the blueprint: `waypost-dev-main`."""
        return f"waypost-{self.stage}-{thing}"


SETTINGS: dict[StageName, Settings] = {
    # Relaxed limits, debug logs, a simulated WhatsApp, nothing kept (R-OPS-5).
    "dev": Settings(
        stage="dev",
        account="111111111111",
        region="eu-central-1",
        zones=("eu-central-1a", "eu-central-1b"),
        nat_gateways=1,
        workers=Workers(least=1, most=2),
        contact="dev@example.com",
        whatsapp_url="https://simulator.example.com/",
        log_level="DEBUG",
        log_days=7,
        keep_data=False,
        reserve_concurrency=False,  # a new account has ten at once, and none of them can be reserved
        requests_per_second=1000,
        burst=2000,
        requests_per_address=20_000,
    ),
    "staging": Settings(
        stage="staging",
        account="222222222222",
        region="eu-central-1",
        zones=("eu-central-1a", "eu-central-1b"),
        nat_gateways=1,
        workers=Workers(least=1, most=4),
        contact="staging@example.com",
    ),
    # Strict limits, little logging, redundancy for what is critical (R-OPS-5).
    "prod": Settings(
        stage="prod",
        account="333333333333",
        region="eu-central-1",
        zones=("eu-central-1a", "eu-central-1b", "eu-central-1c"),
        nat_gateways=3,
        workers=Workers(least=3, most=40, vcpu=4, memory_gb=8, disk_gb=100),
        contact="oncall@example.com",
        log_level="WARN",
        log_days=90,
        scale=10,
        warm=True,
    ),
}
