"""`waypost up` whose workers can be cut off from the table, by a file. Takes the same arguments."""

import sys
from collections.abc import Mapping
from dataclasses import replace

from infra.local import cli, parts
from infra.local.home import Home
from infra.local.part import PartSpec

_plain_worker = parts._worker


def _cuttable_worker(home: Home, environment: Mapping[str, str], name: str) -> PartSpec:
    spec = _plain_worker(home, environment, name)
    return replace(spec, command=(*spec.command, "--", sys.executable, "-m", "tests.prove.cuttable_worker"))


if __name__ == "__main__":
    parts._worker = _cuttable_worker
    cli.main()
