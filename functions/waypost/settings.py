"""What an environment decides: read once from the process's environment, by `bootstrap` only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from waypost.domain.care import RELAXED, Care, care_for
from waypost.domain.media import MAX_SOURCE_BYTES
from waypost.domain.placement import Placing, placing_from
from waypost.domain.received import KEEP_DAYS, MAX_RECEIVED_BYTES
from waypost.domain.upkeep import Upkeep, upkeep_from
from waypost.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` is where the embedded engine lives; `engines/aws/places.py` says how the AWS engine finds its things
    (WAYPOST_TABLE_…, _BUCKET_…, _KEY, _QUEUE_URL, _QUEUES, _PUSH_URL). `allow_private_targets` lets webhooks go to
    private and loopback addresses, which only a single machine needs; `allow_private_sources` lets files be fetched
    from there, and by http, which only developing needs. `public_url` is the address of the API that
    people reach, for links; empty: the one that a request came to. `profile_versions` is how many copies of a
    session's browser profile are kept. `interactive_hours` and `bulk_hours` are how
    long a new message of a lane may expect to wait; beyond, it is refused as `queue_full`. `care` is how
    fast and how carefully is sent: relaxed in dev, R-LIM's figures elsewhere."""

    engine: Literal["embedded", "harsh", "aws"] = "embedded"  # harsh: the embedded one in bad weather, for tests
    home: Path = Path(".waypost")
    whatsapp_url: str = "https://web.whatsapp.com/"
    chromium: Path = Path("/usr/lib/chromium/chromium-headless-shell")
    stage: str = "dev"
    allow_private_targets: bool = False
    allow_private_sources: bool = False
    public_url: str = ""
    lease_seconds: float = 30.0  # as domain/lease.py explains; shorter ones are for tests, whose workers share a clock
    clock_margin_seconds: float = 5.0
    profile_versions: int = 5
    interactive_hours: float = 24.0
    bulk_hours: float = 168.0
    require_proxy: bool = False  # decision 15: a session without a way out of its own does not run
    relink_days: float = 14.0  # R-AUTH-2
    relink_warn_days: float = 3.0
    media_source_bytes: int = MAX_SOURCE_BYTES
    media_received_bytes: int = MAX_RECEIVED_BYTES
    media_keep_days: float = KEEP_DAYS
    drop_note_seconds: float = 5.0
    care: Care = RELAXED
    upkeep: Upkeep = field(default_factory=Upkeep)
    placing: Placing = field(default_factory=Placing)  # which worker takes a session


def settings_from(environment: Mapping[str, str]) -> Settings:
    """WAYPOST_ENGINE, _HOME, _WHATSAPP_URL, _CHROMIUM (the real binary), _STAGE, _ALLOW_PRIVATE_TARGETS=1,
    _ALLOW_PRIVATE_SOURCES=1,
    _PUBLIC_URL, _PROFILE_VERSIONS (2 to 7), _INTERACTIVE_HOURS, _BULK_HOURS, and what every process of a house must
    share: _LEASE_SECONDS (3 to 120), _CLOCK_MARGIN_SECONDS (0.5 to 30).
    _REQUIRE_PROXY=1 (the owner of a session refuses, too).
    _MEDIA_SOURCE_BYTES: how large a file may come in, before it is made to fit.
    _MEDIA_RECEIVED_BYTES: how large a file of a message that comes in may be; _MEDIA_KEEP_DAYS: how long it is kept.
    _DROP_NOTE_SECONDS: how long a file of the drop that says nothing of itself waits for the JSON beside it.
    _RELINK_DAYS (0: never) and _RELINK_WARN_DAYS: how long a link lasts (R-AUTH-2).
    _LIMITS and _TIME_SCALE: how fast is sent (domain/care.py); those of domain/upkeep.py
    and domain/placement.py. Raises ValidationError."""
    defaults = Settings()
    stage = environment.get("WAYPOST_STAGE", defaults.stage)
    return Settings(
        engine=_engine(environment.get("WAYPOST_ENGINE", defaults.engine)),
        home=Path(environment.get("WAYPOST_HOME", str(defaults.home))),
        whatsapp_url=environment.get("WAYPOST_WHATSAPP_URL", defaults.whatsapp_url),
        chromium=Path(environment.get("WAYPOST_CHROMIUM", str(defaults.chromium))),
        stage=stage,
        allow_private_targets=environment.get("WAYPOST_ALLOW_PRIVATE_TARGETS") == "1",
        allow_private_sources=environment.get("WAYPOST_ALLOW_PRIVATE_SOURCES") == "1",
        public_url=environment.get("WAYPOST_PUBLIC_URL", defaults.public_url),
        lease_seconds=_number(environment, "WAYPOST_LEASE_SECONDS", defaults.lease_seconds, 3, 120),
        clock_margin_seconds=_number(
            environment, "WAYPOST_CLOCK_MARGIN_SECONDS", defaults.clock_margin_seconds, 0.5, 30
        ),
        profile_versions=_versions(environment.get("WAYPOST_PROFILE_VERSIONS", str(defaults.profile_versions))),
        interactive_hours=_number(environment, "WAYPOST_INTERACTIVE_HOURS", defaults.interactive_hours, 0.001, 10_000),
        bulk_hours=_number(environment, "WAYPOST_BULK_HOURS", defaults.bulk_hours, 0.001, 10_000),
        require_proxy=environment.get("WAYPOST_REQUIRE_PROXY") == "1",
        relink_days=_number(environment, "WAYPOST_RELINK_DAYS", defaults.relink_days, 0, 3650),
        relink_warn_days=_number(environment, "WAYPOST_RELINK_WARN_DAYS", defaults.relink_warn_days, 0, 3650),
        media_source_bytes=int(
            _number(environment, "WAYPOST_MEDIA_SOURCE_BYTES", defaults.media_source_bytes, 1024, 512 * 1024**2)
        ),
        media_received_bytes=int(
            _number(environment, "WAYPOST_MEDIA_RECEIVED_BYTES", defaults.media_received_bytes, 1024, 2 * 1024**3)
        ),
        media_keep_days=_number(environment, "WAYPOST_MEDIA_KEEP_DAYS", defaults.media_keep_days, 0.01, 3650),
        drop_note_seconds=_number(environment, "WAYPOST_DROP_NOTE_SECONDS", defaults.drop_note_seconds, 0, 600),
        care=care_for(stage, environment.get("WAYPOST_LIMITS", ""), environment.get("WAYPOST_TIME_SCALE", "1")),
        upkeep=upkeep_from(environment),
        placing=placing_from(environment),
    )


def _number(environment: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    try:
        number = float(environment.get(name, default))
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise ValidationError(
            "That is no number that fits.",
            field=name,
            mend=f"Use a number from {least} to {most}.",
            code="bad_setting",
        )
    return number


def _engine(name: str) -> Literal["embedded", "harsh", "aws"]:
    if name not in ("embedded", "harsh", "aws"):
        raise ValidationError(
            "There is no such engine.", field="WAYPOST_ENGINE", mend="Use embedded or aws.", code="unknown_engine"
        )
    return cast(Literal["embedded", "harsh", "aws"], name)


def _versions(text: str) -> int:
    if not text.isdecimal() or int(text) not in range(2, 8):
        raise ValidationError(
            "There is no such number of copies.",
            field="WAYPOST_PROFILE_VERSIONS",
            mend="Use 2 to 7.",
            code="bad_profile_versions",
        )
    return int(text)
