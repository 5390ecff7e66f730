"""Starts the stand-ins for AWS for the length of a test run, and ends them, whatever happens to the run."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from infra.local.aws_stand_ins import HOST, LOCALSTACK_PYTHON, StandIn, StandIns
from infra.local.processes import Identity, end_group

START_SECONDS = 90.0  # LocalStack takes 4 s on quiet cores
GRACE_SECONDS = 5.0


@contextmanager
def running_stand_ins(folder: Path) -> Iterator[StandIns]:
    if not LOCALSTACK_PYTHON.exists():
        pytest.fail("LocalStack is not installed: ./setup.sh localstack")
    ports = _free_ports(2)
    stand_ins = StandIns(folder, *ports)
    with ExitStack() as stack:
        for stand_in in stand_ins.both():
            stack.enter_context(_running(stand_in, folder / f"{stand_in.name}.log"))
        for stand_in in stand_ins.both():
            _until_healthy(stand_in, folder)
        yield stand_ins


@contextmanager
def _running(stand_in: StandIn, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            stand_in.command,
            env=dict(stand_in.environment),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    leader = Identity.of(process.pid)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        end_group(leader, GRACE_SECONDS)


def _until_healthy(stand_in: StandIn, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(stand_in.health_url, timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    log = (folder / f"{stand_in.name}.log").read_text(errors="replace")[-2000:]
    pytest.fail(f"{stand_in.name} was not ready within {START_SECONDS:.0f} s:\n{log}")


def _free_ports(count: int) -> Sequence[int]:
    """Held together until all are known, so that they differ."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]
