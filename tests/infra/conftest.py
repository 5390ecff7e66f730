"""One synthesis of the three stages for all tests: it takes a quarter of a minute, most of it starting Node."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.settings import SETTINGS, StageName
from tests.infra.cloud import Cloud


@dataclass(frozen=True)
class Synthesis:
    folder: Path
    clouds: Mapping[StageName, Cloud]


@pytest.fixture(scope="session")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    # Read when Node starts: it would greet every run with a banner about its own age.
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "1"
    from infra.app import make_app
    from infra.constructs.assets import Assets

    folder = tmp_path_factory.mktemp("cdk") / "out"
    try:
        # The plain source, also where somebody built the functions: no test may depend on that.
        make_app(assets=Assets(None), outdir=folder).synth()
    except RuntimeError as error:  # the rules' findings are in the report, which a test reads
        if "ValidationFailed" not in str(error):
            raise
    clouds = {name: Cloud.read(settings, folder / f"assembly-{name}") for name, settings in SETTINGS.items()}
    return Synthesis(folder, clouds)


@pytest.fixture(params=list(SETTINGS))
def cloud(request: pytest.FixtureRequest, synthesis: Synthesis) -> Cloud:
    """Each stage in turn."""
    return synthesis.clouds[request.param]


@pytest.fixture
def prod(synthesis: Synthesis) -> Cloud:
    return synthesis.clouds["prod"]


@pytest.fixture
def dev(synthesis: Synthesis) -> Cloud:
    return synthesis.clouds["dev"]
