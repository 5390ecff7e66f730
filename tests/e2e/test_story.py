"""The main job in one go: link, send, be acknowledged, be answered, over HTTPS, WebSocket and a signed webhook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("engine", ["embedded", "harsh"])  # on AWS: tests/aws/test_demo_on_aws.py
def test_the_demo_tells_the_whole_story(engine: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.cli", "demo", "--home", str(tmp_path / "demo")],
        capture_output=True, text=True, timeout=150, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "WAYPOST_ENGINE": engine},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for step in ("sent", "delivered", "read", "webhook", "ms"):
        assert step in done.stdout, done.stdout
