"""The first invoke of each function under Lambda's runtime emulator, from the asset as the cloud gets it.

Each event is the smallest that runs the handler without asking a service of AWS, which the emulator has not; so this is
the cost of starting and importing, clients of AWS not included where the handler makes them on first use.
"""

import platform
from pathlib import Path
from typing import Any

import infra.lambda_assets.__main__ as assets
from infra.blueprint import FUNCTIONS
from tests.bench.emulator import FOLDER, ROOT, first_and_warm, install
from tests.bench.figures import Figure, percentile, tell

TIMES = 5
AIMS = {"api": 600.0, "realtime": 300.0}

_HEALTH: dict[str, Any] = {
    "resource": "/{proxy+}", "path": "/v1/health", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
    "queryStringParameters": None, "multiValueQueryStringParameters": None, "body": None, "isBase64Encoded": False,
    "pathParameters": {"proxy": "v1/health"}, "requestContext": {"requestId": "1", "path": "/v1/health"},
}  # fmt: skip
_EVENTS: dict[str, dict[str, Any]] = {"api": _HEALTH, "realtime": {"Records": []}, "webhooks": {"Records": []}}
_EMPTY = "def handler(event, context):\n    return {}\n"


def measure() -> list[Figure]:
    install()
    built = _build()
    empty = FOLDER / "empty"
    empty.mkdir(exist_ok=True)
    (empty / "bare.py").write_text(_EMPTY)
    floor = percentile([first_and_warm(empty, "bare.handler", {}, 512)[0] for _ in range(TIMES)], 0.5) * 1000
    figures = [Figure("first invoke of an empty function", floor, "ms")]
    for function in FUNCTIONS:
        if function.name not in _EVENTS:
            continue
        task, event = built / function.name, _EVENTS[function.name]
        took = [first_and_warm(task, function.handler, event, function.memory_mb) for _ in range(TIMES)]
        first = percentile([one for one, _ in took], 0.5) * 1000
        figures.append(
            Figure(
                f"first invoke of {function.name}", first, "ms", AIMS.get(function.name),
                ratio=first / floor, against="an empty function",
            )
        )  # fmt: skip
    return figures


def _build() -> Path:
    """As `python -m infra.lambda_assets` does, but with this machine's wheels and beside the real one."""
    assets.__dict__["PLATFORM"] = f"{platform.machine()}-manylinux2014"
    assets.OUT = ROOT / "build/bench/lambda/assets"
    if not assets.OUT.exists():
        assets.main()
    return assets.OUT


if __name__ == "__main__":
    tell(measure())
