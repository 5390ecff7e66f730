"""What a session shows of itself, set again at every launch: it is not kept in the browser's profile (R-SAFE-3)."""

import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from waypost.domain.egress import Proxy

CHROMIUM = Path("/usr/lib/chromium/chromium-headless-shell")


@dataclass(frozen=True, slots=True)
class Identity:
    """Settings of one session's browser. `chromium` is the real binary, never the wrapper in /usr/bin;
    `proxy` is all that the browser may connect to."""

    locale: str = "en-US"
    timezone: str = "UTC"
    viewport: tuple[int, int] = (1280, 800)
    proxy: Proxy | None = None
    chromium: Path = CHROMIUM


@cache
def chromium_version(chromium: Path) -> str:
    """The version of a binary, as `156.0.8078.79`. Takes about 0.2 s the first time."""
    said = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True, timeout=20)
    return said.stdout.split()[-1]


def user_agent(version: str) -> str:
    """The user agent of Chrome in this version: WhatsApp refuses a headless name, the rest is true (decision 15)."""
    major = version.split(".")[0]
    return (
        f"Mozilla/5.0 (X11; Linux {platform.machine()}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{major}.0.0.0 Safari/537.36"
    )


def client_hints(version: str, locale: str) -> dict[str, Any]:
    """The arguments of `Emulation.setUserAgentOverride` that say the same as `user_agent`."""
    names = (("Not)A;Brand", "24.0.0.0"), ("Chromium", version), ("Google Chrome", version))
    return {
        "userAgent": user_agent(version),
        "acceptLanguage": locale,
        "platform": f"Linux {platform.machine()}",
        "userAgentMetadata": {
            "brands": [{"brand": name, "version": number.split(".")[0]} for name, number in names],
            "fullVersionList": [{"brand": name, "version": number} for name, number in names],
            "platform": "Linux",
            "platformVersion": "",
            "architecture": "arm" if platform.machine() == "aarch64" else "x86",
            "bitness": "64",
            "model": "",
            "mobile": False,
        },
    }
