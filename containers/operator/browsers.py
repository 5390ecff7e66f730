"""Which Chromium of this machine is used."""

import shutil
from pathlib import Path

from waypost.errors import ValidationError

# The real binaries: wrappers add flags of their own (browser-sessions.md, section 5).
_KNOWN = (
    "/opt/google/chrome/chrome",
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/snap/chromium/current/usr/lib/chromium-browser/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_HEADLESS = "/usr/lib/chromium/chromium-headless-shell"
_NAMES = ("google-chrome-stable", "google-chrome", "chromium", "chromium-browser")


def find_browser(given: Path | None, *, headless: bool) -> Path:
    """Raises ValidationError `no_browser`."""
    if given is not None:
        if given.is_file():
            return given
        raise ValidationError("There is no browser at that path.", field="--browser", code="no_browser")
    known = [*_KNOWN, *([_HEADLESS] if headless else [])]
    found = next((path for path in known if Path(path).is_file()), None) or next(
        filter(None, map(shutil.which, _NAMES)), None
    )
    if found is None:
        raise ValidationError(
            "No Chrome or Chromium was found on this machine.",
            field="--browser",
            mend="Install one, or name it with --browser.",
            code="no_browser",
        )
    return Path(found)
