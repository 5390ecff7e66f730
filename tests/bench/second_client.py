"""whatsapp-web.js on the same simulator with the same Chromium: sends in memory, as its users make them.

It is one of the packages for development; where these were left out it is installed into build/bench.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.memory import megabytes, tree
from tests.bench.network import latency, network, scan

VERSION = "1.34.7"
# It shows its code before it listens for the login, so a scan within milliseconds leaves it waiting for ever.
HAND_SECONDS = 2.0
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/bench/second"
CHROMIUM = os.environ.get("WAYPOST_CHROMIUM", "/usr/lib/chromium/chromium-headless-shell")
SCRIPT = Path(__file__).with_name("second") / "whatsapp_web.js"


class Second:
    """Its process, spoken to by lines of JSON."""

    def __init__(self, process: subprocess.Popen[str], control: Any) -> None:
        self._process = process
        self._control = control

    def hear(self) -> dict[str, Any]:
        """Raises RuntimeError when it failed or is gone."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line else {"failed": -1, "why": "it ended"}
        if "failed" in said:
            raise RuntimeError(f"whatsapp-web.js: {said['why']}")
        return said

    def until_ready(self, sessions: int) -> None:
        ready, scanned = set[int](), set[int]()
        while len(ready) < sessions:
            said = self.hear()
            if "qr" in said and said["qr"] not in scanned:
                time.sleep(HAND_SECONDS)
                scan(self._control, said["qr"], said["code"])
                scanned.add(said["qr"])
            elif "ready" in said:
                ready.add(said["ready"])

    def send(self, chats: Sequence[str], *, at_once: int, latency_ms: int) -> tuple[list[float], float]:
        """Milliseconds from each call to its acknowledgement, and the seconds of all."""
        latency(self._control, latency_ms)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"send": chats, "at_once": at_once}) + "\n")
        self._process.stdin.flush()
        while "ms" not in (said := self.hear()):
            pass
        return said["ms"], said["seconds"]

    def megabytes(self) -> float:
        return megabytes(tree(self._process.pid))


def install() -> Path:
    """The node_modules that have it; brought once."""
    if (ROOT / "node_modules/whatsapp-web.js/package.json").exists():
        return ROOT / "node_modules"
    modules = FOLDER / "node_modules"
    if not (modules / "whatsapp-web.js/package.json").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        package = {"name": "waypost-bench", "private": True, "dependencies": {"whatsapp-web.js": VERSION}}
        (FOLDER / "package.json").write_text(json.dumps(package))
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional", "--silent"],
            cwd=FOLDER, check=True, timeout=180, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"},
        )  # fmt: skip
    return modules


@contextmanager
def second_client(sessions: int) -> Iterator[Second]:
    """Linked and ready. Ends with all of its browsers."""
    modules = install()
    with network(sessions) as (url, control, folder):
        command = ["node", str(SCRIPT), str(modules), f"{url}/", CHROMIUM, str(folder / "profiles"), str(sessions)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            second = Second(process, control)
            try:
                second.until_ready(sessions)
                yield second
            finally:
                browsers = tree(process.pid)[1:]
                process.terminate()
                for pid in browsers:
                    _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
