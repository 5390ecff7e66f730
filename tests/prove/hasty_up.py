"""`waypost up` with a gateway that takes up within seconds what a killed one left. Takes the same arguments."""

from collections.abc import Mapping
from dataclasses import replace

from infra.local import cli, parts
from infra.local.addresses import Addresses
from infra.local.home import Home
from infra.local.part import PartSpec

_plain_gateway = parts._gateway


def _hasty_gateway(home: Home, addresses: Addresses, environment: Mapping[str, str]) -> PartSpec:
    spec = _plain_gateway(home, addresses, environment)
    words = ("tests.prove.hasty_gateway" if word == "infra.local.serve" else word for word in spec.command)
    return replace(spec, command=tuple(words))


if __name__ == "__main__":
    parts._gateway = _hasty_gateway
    cli.main()
