"""The parts that one machine runs, each with its command line: simulator, gateway and worker."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.blueprint import TASKS
from infra.local.addresses import HOST, Addresses
from infra.local.faults import ROOT
from infra.local.home import Home
from infra.local.part import PartSpec
from infra.local.runtime import lambda_environment

WORKER_GRACE_SECONDS = 60.0  # browsers close and profiles are put away
_WORKER = next(task for task in TASKS if task.name == "worker")


def part_specs(home: Home, addresses: Addresses, workers: int) -> list[PartSpec]:
    """In the order of their start; they are stopped in the opposite one."""
    environment = {
        **os.environ,
        **lambda_environment(home.path, whatsapp_url=addresses.whatsapp_url),
        "PYTHONUNBUFFERED": "1",
        **_chromium(),
    }
    simulator = [_simulator(home, addresses, environment)] if addresses.simulator_port else []
    return [*simulator, _gateway(home, addresses, environment), *_workers(home, environment, workers)]


def is_worker(spec: PartSpec) -> bool:
    return spec.name.split("-")[0] == _WORKER.name


def _chromium() -> dict[str, str]:
    """Where the set-up found the browser, or put it, unless the environment says otherwise."""
    found = ROOT / "build/setup/chromium"
    if "WAYPOST_CHROMIUM" in os.environ or not found.exists():
        return {}
    return {"WAYPOST_CHROMIUM": found.read_text().strip()}


def _simulator(home: Home, addresses: Addresses, environment: Mapping[str, str]) -> PartSpec:
    module = ("containers.simulator", "--host", HOST, "--port", str(addresses.simulator_port))
    return PartSpec(
        name="simulator",
        command=(sys.executable, "-m", *module, "--data", str(home.simulator)),
        environment=environment,
        log=home.logs / "simulator.log",
        health_url=f"{addresses.simulator_url}/control/counts",
        sources=_folders("containers/simulator"),
    )


def _gateway(home: Home, addresses: Addresses, environment: Mapping[str, str]) -> PartSpec:
    ports = ("--http-port", str(addresses.http_port), "--https-port", str(addresses.https_port))
    whatsapp = ("--whatsapp", addresses.whatsapp_url)
    return PartSpec(
        name="gateway",
        command=(sys.executable, "-m", "infra.local.serve", "--home", str(home.path), *ports, *whatsapp),
        environment=environment,
        log=home.logs / "gateway.log",
        health_url=f"{addresses.url}/v1/health",
        sources=_folders("functions", "infra"),
    )


def _workers(home: Home, environment: Mapping[str, str], count: int) -> list[PartSpec]:
    """`worker`, `worker-2` …: each with its launcher, on the same home."""
    names = [_WORKER.name, *(f"{_WORKER.name}-{number}" for number in range(2, count + 1))]
    return [_worker(home, environment, name) for name in names]


def _worker(home: Home, environment: Mapping[str, str], name: str) -> PartSpec:
    return PartSpec(
        name=name,
        command=(sys.executable, "-m", _WORKER.module),
        environment=environment,
        log=home.logs / f"{name}.log",
        grace_seconds=WORKER_GRACE_SECONDS,
        sources=_folders("containers/worker", "functions/waypost"),
    )


def _folders(*names: str) -> tuple[Path, ...]:
    return tuple(ROOT / name for name in names)
