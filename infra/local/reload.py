"""Starts the parts anew whose code changed."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles import DefaultFilter, awatch

from infra.local.faults import ROOT
from infra.local.part import HEALTHY_WITHIN_SECONDS, NeverHealthy, Part

SUFFIXES = (".py", ".js", ".html", ".css")


class SourceFilter(DefaultFilter):
    def __call__(self, change: object, path: str) -> bool:
        return path.endswith(SUFFIXES) and super().__call__(change, path)  # type: ignore[arg-type]


async def reload_on_change(parts: Sequence[Part], say: Callable[[str], None], stop: asyncio.Event) -> None:
    """Until `stop`: a cancellation alone would leave the watching thread behind for seconds."""
    folders = {folder for part in parts for folder in part.spec.sources}
    async for changes in awatch(*folders, watch_filter=SourceFilter(), stop_event=stop):
        changed = [Path(path) for _, path in changes]
        names = ", ".join(sorted({str(path.relative_to(ROOT)) for path in changed})[:3])
        affected = [part for part in parts if concerns(part.spec.sources, changed)]
        say(f"{names} changed: starting {' and '.join(part.spec.name for part in affected)} anew")
        await asyncio.gather(*(_anew(part, say) for part in affected))


def concerns(sources: Sequence[Path], changed: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for path in changed for folder in sources)


async def _anew(part: Part, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    await part.reload()
    try:
        await part.until_healthy(HEALTHY_WITHIN_SECONDS)
    except NeverHealthy as error:
        say(f"{error}; see {part.spec.log}")
    else:
        say(f"{part.spec.name} is ready after {time.monotonic() - began:.1f} s")
