"""`waypost up` with a worker whose pages tell the time at which they see a message. Takes the same arguments."""

import sys
from collections.abc import Mapping
from dataclasses import replace

from infra.local import cli, parts
from infra.local.home import Home
from infra.local.part import PartSpec

_plain_worker = parts._worker


def _watched_worker(home: Home, environment: Mapping[str, str], name: str) -> PartSpec:
    spec = _plain_worker(home, environment, name)
    return replace(spec, command=(*spec.command, "--", sys.executable, "-m", "tests.bench.watched_worker"))


if __name__ == "__main__":
    parts._worker = _watched_worker
    cli.main()
