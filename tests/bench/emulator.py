"""Lambda's runtime emulator with one function in it: the first invoke is a cold start, as in the cloud."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.blueprint import QUEUES
from infra.lambda_assets.lock import uv

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/bench/lambda"
SAM_CLI, CLIENT = "aws-sam-cli==1.170.0", "awslambdaric==4.2.2"
_BINARY = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}


def install() -> None:
    """The emulator's static binary, which aws-sam-cli ships, and Lambda's runtime client. Brought once."""
    for name, package, more in (("sam", SAM_CLI, ["--no-deps"]), ("client", CLIENT, [])):
        if not (FOLDER / name).is_dir():
            target = ["--target", str(FOLDER / f"{name}.new"), "--python", sys.executable]
            subprocess.run([*uv(), "pip", "install", "--quiet", *target, *more, package], check=True, timeout=120)
            (FOLDER / f"{name}.new").rename(FOLDER / name)
    compile_command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compile_command, str(FOLDER / "client")], check=False, env=_compiling())


def first_and_warm(task: Path, handler: str, event: Mapping[str, Any], memory_mb: int) -> tuple[float, float]:
    """Seconds of the first invoke and of a second one. Raises RuntimeError when the function fails."""
    binary = FOLDER / "sam/samcli/local/rapid" / _BINARY[platform.machine()]
    address, runtime = (f"127.0.0.1:{_free_port()}" for _ in range(2))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{task}:{FOLDER / 'client'}",
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "20",
        **_function_environment(),
    }
    command = [
        str(binary), "--runtime-interface-emulator-address", address, "--runtime-api-address", runtime,
        sys.executable, "-m", "awslambdaric", handler,
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=task, env=environment, stdout=quiet, stderr=quiet, start_new_session=True
    ) as one:
        try:
            _until_listening(address)
            return _invoke(address, event), _invoke(address, event)
        finally:
            os.killpg(one.pid, signal.SIGKILL)  # its runtime's process, too


def _function_environment() -> dict[str, str]:
    """As the stack sets it. The events that are used ask for nothing that would have to be there."""
    return {
        "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
        "WAYPOST_ENGINE": "aws", "WAYPOST_STAGE": "dev",
        "WAYPOST_TABLE_MAIN": "main", "WAYPOST_TABLE_KEYS": "keys", "WAYPOST_KEY": "key", "WAYPOST_QUEUES": _queues(),
        "WAYPOST_QUEUE_URL": "https://queues.invalid/waypost-", "WAYPOST_PUSH_URL": "https://push.invalid/dev",
        "POWERTOOLS_SERVICE_NAME": "waypost", "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "Waypost", "POWERTOOLS_LOG_LEVEL": "ERROR",
    }  # fmt: skip


def _queues() -> str:
    rows = [[one.name, one.fifo, one.visibility_seconds, one.max_receives, one.per_session] for one in QUEUES]
    return json.dumps(rows)


def _compiling() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _invoke(address: str, event: Mapping[str, Any]) -> float:
    url = f"http://{address}/2015-03-31/functions/function/invocations"
    request = urllib.request.Request(url, data=json.dumps(event).encode())  # loopback
    began = time.perf_counter()
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        body = answer.read()
    seconds = time.perf_counter() - began
    if b'"errorType"' in body:
        raise RuntimeError(body.decode()[:500])
    return seconds


def _until_listening(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(200):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the emulator does not listen")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
