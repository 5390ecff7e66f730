"""The main job on the AWS engine: the same handlers, the same worker, stand-ins for AWS below."""

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.cli", "demo", "--keep", str(tmp_path / "home")],
        env={**os.environ, "WAYPOST_ENGINE": "aws"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for step in ("sent", "delivered", "read", "webhook"):
        assert step in done.stdout, done.stdout
    logs = {log.name: log.read_text(errors="replace") for log in (tmp_path / "home" / "logs").iterdir()}
    assert {"localstack.log", "moto.log"} <= logs.keys()
    assert "ERROR" not in logs["gateway.log"] + logs["worker.log"]
