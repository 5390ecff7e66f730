"""The worker, unchanged but for a listener in its pages: each message that WhatsApp's page announces is noted with the
machine's time by a beacon to the benchmark. It is registered behind ours, so ours never waits for it."""

import asyncio
import json
import os

from containers.worker import browser, main, script

PLACE = "WAYPOST_BENCH_NOTES"  # where the beacons go

_plain_script = script.init_script

NOTE = """
if (window === window.top && location.protocol.startsWith('http')) WPP.on('chat.new_message', (message) => {
  const at = performance.timeOrigin + performance.now();
  navigator.sendBeacon(%s, JSON.stringify({ id: message.id.id, mine: message.id.fromMe, text: message.body, at }));
});
"""


def _watched_script() -> str:
    return _plain_script() + NOTE % json.dumps(os.environ[PLACE])


if __name__ == "__main__":
    browser.__dict__["init_script"] = _watched_script  # as the browser's module knows it
    asyncio.run(main.work_and_leave())
