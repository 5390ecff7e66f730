"""What an environment decides: read once from the process's environment, by `bootstrap` only."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from waypost.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` is where the embedded engine lives; `engines/aws/places.py` says how the AWS engine finds its things
    (WAYPOST_TABLE_…, _BUCKET_…, _KEY, _QUEUE_URL, _QUEUES, _PUSH_URL). `allow_private_targets` lets webhooks go to
    private and loopback addresses, which only a single machine needs. `public_url` is the address of the API that
    people reach, for links; empty: the one that a request came to."""

    engine: Literal["embedded", "harsh", "aws"] = "embedded"  # harsh: the embedded one in bad weather, for tests
    home: Path = Path(".waypost")
    whatsapp_url: str = "https://web.whatsapp.com/"
    chromium: Path = Path("/usr/lib/chromium/chromium-headless-shell")
    stage: str = "dev"
    allow_private_targets: bool = False
    public_url: str = ""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """WAYPOST_ENGINE, _HOME, _WHATSAPP_URL, _CHROMIUM (the real binary), _STAGE, _ALLOW_PRIVATE_TARGETS=1,
    _PUBLIC_URL."""
    defaults = Settings()
    return Settings(
        engine=_engine(environment.get("WAYPOST_ENGINE", defaults.engine)),
        home=Path(environment.get("WAYPOST_HOME", str(defaults.home))),
        whatsapp_url=environment.get("WAYPOST_WHATSAPP_URL", defaults.whatsapp_url),
        chromium=Path(environment.get("WAYPOST_CHROMIUM", str(defaults.chromium))),
        stage=environment.get("WAYPOST_STAGE", defaults.stage),
        allow_private_targets=environment.get("WAYPOST_ALLOW_PRIVATE_TARGETS") == "1",
        public_url=environment.get("WAYPOST_PUBLIC_URL", defaults.public_url),
    )


def _engine(name: str) -> Literal["embedded", "harsh", "aws"]:
    if name not in ("embedded", "harsh", "aws"):
        raise ValidationError(
            "There is no such engine.", field="WAYPOST_ENGINE", mend="Use embedded or aws.", code="unknown_engine"
        )
    return cast(Literal["embedded", "harsh", "aws"], name)
