"""Pins what functions and worker are deployed with to what the project's own lock says.

`python -m infra.lambda_assets.lock`, after `make lock`; a test fails when it was forgotten.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "infra/lambda_assets", ROOT / "containers/worker", ROOT / "functions/media")
PLATFORM = "aarch64-manylinux2014"


def uv() -> list[str]:
    """Ours, one on the path, or one in this environment."""
    ours = ROOT / "build/tools/bin/uv"
    found = str(ours) if ours.exists() else shutil.which("uv")
    return [found] if found else [sys.executable, "-m", "uv"]


def lock(folder: Path) -> None:
    subprocess.run(
        [
            *uv(), "pip", "compile", "--quiet", str(folder / "requirements.in"),
            "--constraint", str(ROOT / "requirements.lock"),
            "--python-platform", PLATFORM, "--python-version", "3.13",
            "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate",
            "--output-file", str(folder / "requirements.lock"),
        ],
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    for place in FOLDERS:
        lock(place)
