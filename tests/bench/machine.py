"""What the figures were measured on. No name of a host, no path."""

import importlib.metadata
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from containers.worker.script import WA_JS
from tests.bench import second_client


def describe() -> dict[str, str]:
    load = os.getloadavg()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{os.cpu_count()} x {_after('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(_after('/proc/meminfo', 'MemTotal').split()[0]) // 1024} MB",
        "load before (1, 5, 15 min)": ", ".join(f"{one:.2f}" for one in load),
        "system": f"Linux {platform.release().split('-')[0]}, {platform.machine()}",
        "Python": platform.python_version(),
        "Node": _said("node", "--version"),
        "Chromium": _said(os.environ.get("WAYPOST_CHROMIUM", "chromium"), "--version"),
        "Playwright": importlib.metadata.version("playwright"),
        "wa-js": str(json.loads((WA_JS.parents[1] / "package.json").read_text())["version"]),
        "whatsapp-web.js": second_client.VERSION,
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
    }


def _after(path: str, name: str) -> str:
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    words = done.stdout.split()
    return next((word for word in words if word.strip("v")[:1].isdigit()), words[0] if words else "unknown")
