"""The simulated WhatsApp by itself, for clients that are not ours."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.stage import FRIENDS, NO_DELAYS, friend, owner


@contextmanager
def network(owners: int) -> Iterator[tuple[str, httpx.Client, Path]]:
    """The page's address, the control API, and a folder that is thrown away."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "containers.simulator", "--port", "0", "--data", f"{folder}/network"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = json.loads(process.stdout.readline())["url"]
                with httpx.Client(base_url=f"{url}/control", trust_env=False, timeout=20) as control:
                    for number in [*map(owner, range(owners)), *map(friend, range(FRIENDS))]:
                        control.post("/accounts", json={"number": number}).raise_for_status()
                        control.patch(f"/accounts/{number}", json={"auto_read": False}).raise_for_status()
                    control.patch("/settings", json={"delays": NO_DELAYS}).raise_for_status()
                    yield url, control, Path(folder)
            finally:
                process.terminate()


def scan(control: httpx.Client, number: int, code: str) -> None:
    control.post(f"/accounts/{owner(number)}/scan", json={"code": code}).raise_for_status()


def latency(control: httpx.Client, milliseconds: int) -> Any:
    return control.patch("/settings", json={"server_latency_ms": milliseconds}).raise_for_status().json()
