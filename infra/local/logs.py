"""The logs of one machine: one file a part, the last ones kept at each start, exceptions without their text."""

import logging
import sys
from pathlib import Path
from types import TracebackType

from infra.local.faults import describe

KEPT = 3


class QuietFormatter(logging.Formatter):
    """Names an exception and its place, never its text, which may quote a body or a number (P6)."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return describe(ei[1]) if ei[1] is not None else ""


def log_to_stderr(level: int = logging.INFO) -> None:
    """Set up a part's process: the supervisor has its output go to the part's file."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(QuietFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses with their query


def rotate(path: Path) -> Path:
    """Make room for a new file: `gateway.log` becomes `gateway.log.1`, and so on; the oldest goes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(KEPT - 1, -1, -1):
        old = path.with_name(f"{path.name}.{number}") if number else path
        if old.exists():
            old.replace(path.with_name(f"{path.name}.{number + 1}"))
    return path
