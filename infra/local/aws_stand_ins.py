"""Stand-ins for AWS on loopback: LocalStack for SQS, S3 and KMS, moto behind one lock for DynamoDB.

Neither is right everywhere, so each does what it does best. LocalStack needs packages older than ours and has an
environment of its own (`./setup.sh localstack`). Neither keeps anything when it ends.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.faults import ROOT

HOST = "127.0.0.1"
REGION = "eu-central-1"
ACCOUNT = "000000000000"
LOCALSTACK_PYTHON = ROOT / "build/localstack/bin/python"
# Nobody checks them, but the client signs with something; from this id LocalStack takes its default account.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True, slots=True)
class StandIn:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health_url: str


@dataclass(frozen=True, slots=True)
class StandIns:
    """Where the two listen. `folder` is LocalStack's, for what it writes while it runs."""

    folder: Path
    localstack_port: int
    moto_port: int

    @property
    def endpoints(self) -> dict[str, str]:
        """By service, as botocore names them."""
        localstack = f"http://{HOST}:{self.localstack_port}"
        return {
            **dict.fromkeys(("sqs", "s3", "kms"), localstack),
            "dynamodb": f"http://{HOST}:{self.moto_port}",
        }

    def queue_url(self, prefix: str) -> str:
        return f"http://{HOST}:{self.localstack_port}/{ACCOUNT}/{prefix}"

    def both(self) -> tuple[StandIn, StandIn]:
        return _localstack(self.folder, self.localstack_port), _moto(self.moto_port)


def _localstack(folder: Path, port: int) -> StandIn:
    settings = {
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "FILESYSTEM_ROOT": str(folder / "files"),
        "GATEWAY_LISTEN": f"{HOST}:{port}",
        "SERVICES": "sqs,s3,kms",
        "EAGER_SERVICE_LOADING": "1",  # at the start, not in the first request
        "DISABLE_EVENTS": "1",  # no word to anybody about its use
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "DEBUG": "0",
    }
    return StandIn(
        "localstack",
        (str(LOCALSTACK_PYTHON), "-m", "localstack.runtime.main"),
        {**_own_environment(), **settings},
        f"http://{HOST}:{port}/_localstack/health",
    )


def _moto(port: int) -> StandIn:
    return StandIn(
        "moto",
        (sys.executable, "-m", "infra.local.aws_moto", "--port", str(port)),
        _own_environment(),
        f"http://{HOST}:{port}/moto-api/data.json",
    )


def _own_environment() -> dict[str, str]:
    """Without our own virtual environment's marks, and without endpoints that would point it at itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "WAYPOST_", "VIRTUAL_ENV"))
    }
