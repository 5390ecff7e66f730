"""Builds what is deployed to Lambda, one folder a function in build/lambda: `python -m infra.lambda_assets`.

Wheels for arm64 Linux from the lock, our packages, and everything compiled, by Python 3.13. The compiled files are not
checked against their sources: the archive's dates are all 1980, which would make every other kind stale, and a first
call without compiled files takes three times as long (1.9 s against 0.55 s).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.blueprint import FUNCTIONS, Function
from infra.lambda_assets.lock import PLATFORM, ROOT, uv

OUT = ROOT / "build/lambda"
# Of botocore's descriptions of 400 services (25 MB) these are used, and what is not a service.
SERVICES = ("apigatewaymanagementapi", "dynamodb", "kms", "s3", "sqs", "sts")
# The engines of one machine, and what callers of the API use.
NOT_IN_THE_CLOUD = ("client", "engines/embedded", "engines/harsh")
UNUSED = (
    "bin",
    "share",
    ".lock",
    # Where a number comes from; we only ask whether it can be one.
    "phonenumbers/carrierdata",
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
)


def main() -> None:
    archived = [function for function in FUNCTIONS if not function.image]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    # Made beside the old one and moved in its place, so that an interrupted build leaves nothing half.
    with tempfile.TemporaryDirectory(dir=OUT.parent) as work:
        packages, made = Path(work) / "packages", Path(work) / "lambda"
        install(packages)
        trim(packages)
        compile_in(packages)
        for function in archived:
            put_together(made / function.name, packages, function)
        shutil.rmtree(OUT, ignore_errors=True)
        made.rename(OUT)
    megabytes = {function.name: round(size(OUT / function.name) / 1e6, 1) for function in archived}
    sys.stdout.write(json.dumps({"built": str(OUT.relative_to(ROOT)), "megabytes": megabytes}) + "\n")


def install(folder: Path) -> None:
    subprocess.run(
        [
            *uv(), "pip", "install", "--quiet", "--target", str(folder), "--no-deps", "--require-hashes",
            "--python", sys.executable, "--python-platform", PLATFORM, "--python-version", "3.13",
            "--only-binary", ":all:", "-r", str(Path(__file__).with_name("requirements.lock")),
        ],
        check=True,
    )  # fmt: skip


def trim(packages: Path) -> None:
    """Leave out what nobody here asks for; it would only make the archive larger."""
    for name in UNUSED:
        path = packages / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for service in (packages / "botocore/data").iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)


def put_together(folder: Path, packages: Path, function: Function) -> None:
    """Its own package, the shared one and the libraries; no other function's, so that theirs may change without it."""
    own = function.handler.partition(".")[0]
    shutil.copytree(packages, folder)
    for name in (own, "waypost"):
        shutil.copytree(ROOT / "functions" / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in NOT_IN_THE_CLOUD:
        shutil.rmtree(folder / "waypost" / name, ignore_errors=True)
    compile_in(folder, own, "waypost")


def compile_in(folder: Path, *names: str) -> None:
    """All of the folder, or what is named in it. Tracebacks show the path in Lambda."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = ["-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    paths = [str(folder / name) for name in names] or [str(folder)]
    subprocess.run(
        [sys.executable, *command, "-s", str(folder), "-p", "/var/task", *paths], check=True, env=environment
    )


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
