"""How tests run on any machine, and share a run of several processes: what shares something slow stays together."""

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no type hints

# How busy the machine is, is no property of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_TOGETHER = ("tests/infra/", "tests/aws/")  # one synthesis; one start of LocalStack
_ENGINES = ("aws", "embedded", "harsh")


class _ByHouse(LoadScopeScheduling):  # type: ignore[misc]  # the same
    def _split_scope(self, nodeid: str) -> str:
        return _group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _ByHouse:
    return _ByHouse(config, log)


def _group_of(nodeid: str) -> str:
    """The folders above, the contract's engines, else the file: its fixtures start houses and browsers."""
    path, _, case = nodeid.partition("[")
    for folder in _TOGETHER:
        if path.startswith(folder):
            return folder
    if path.startswith("tests/contract/"):
        for engine in _ENGINES:
            if engine in case:
                return f"contract {engine}"
    return path.split("::")[0]
