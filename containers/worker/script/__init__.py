"""Puts together what runs in every WhatsApp page before WhatsApp does: configuration, wa-js, and our scripts."""

import json
from functools import cache
from pathlib import Path

BINDING = "__waypost_feed"  # by which the page sends batches
ENTRY = "__waypost"  # by which the worker calls
PASSKEY_AFTER_MS = 6_000  # a phone that pairs without a passkey is through in half of that
CREDITS = 4  # batches of at most 64 observations that may be on their way to the store

WA_JS = Path(__file__).parents[3] / "node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js"

# Joined inside one function, in this order: they see each other's names, and the page sees none of them.
_PARTS = (
    "calm.js", "feed.js", "plain.js", "content.js", "finding.js", "changes.js", "people.js", "groups.js", "history.js",
    "files.js", "sending.js", "calls.js", "bridge.js",
)  # fmt: skip


@cache
def init_script() -> str:
    """One script, because the order of several is not promised. About 530 kB.

    The configuration must stand before wa-js runs: without it the bundle reports to Google Analytics.
    """
    here = Path(__file__).parent
    constants = {"BINDING": BINDING, "ENTRY": ENTRY, "CREDITS": CREDITS, "PASSKEY_AFTER_MS": PASSKEY_AFTER_MS}
    return "\n".join(
        [
            "(() => {",
            "if (window !== window.top || !location.protocol.startsWith('http')) return;",
            "window.WPPConfig = {disableGoogleAnalytics: true, poweredBy: null};",
            WA_JS.read_text(encoding="utf-8"),
            *(f"const {name} = {json.dumps(value)};" for name, value in constants.items()),
            *((here / part).read_text(encoding="utf-8") for part in _PARTS),
            "})();",
        ]
    )
