"""The command line sends a file to many, tells of the bad rows, and shows what waits."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.house import House

FILE = "to,name\n+4915112345610,Ada\nnobody,Eve\n+4915112345610,Ada\n"


def waypost(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local.cli", *words, "--home", str(house.home)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_dry_run_of_a_file_tells_line_and_mend_and_sends_nothing(house: House, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(FILE)
    with house.api() as api:
        api.put("/v1/settings/consent", json={"bulk_to_saved_only": False}).raise_for_status()
        session = api.post("/v1/sessions", json={"name": "shop", "start": False}).raise_for_status().json()["id"]
    done = waypost(house, "bulk", "send", str(file), "--session", session, "--text", "Hello {{name}}", "--dry-run")
    assert done.returncode == 1, done.stderr  # a row is refused
    assert "1 would_send, 1 refused, 1 duplicate" in done.stdout
    assert "line 3, to: This is not a chat that can exist. Give an international number" in done.stdout
    shown = waypost(house, "queue", session)
    assert (shown.returncode, "interactive" in shown.stdout) == (0, True)
    missing = waypost(house, "bulk", "send", str(file), "--session", session, "--text", "Hello {{nam}}")
    assert missing.returncode == 1
    assert "nam" in missing.stderr
