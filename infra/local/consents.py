"""Importing a list of consents into a running Waypost, with a line for each row that was refused."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click import ClickException

from waypost.client import Waypost


def import_consents(status: dict[str, Any], file: Path, api_key: str | None, say: Callable[[str], None]) -> bool:
    """Whether every row was taken. `say` hears of the others, and at the end of the counts."""
    return asyncio.run(_import(status["url"], api_key or status["api_key"], _text(file), say))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ClickException(f"{file.name} is not in UTF-8. Save it as CSV UTF-8.") from None


async def _import(url: str, api_key: str, text: str, say: Callable[[str], None]) -> bool:
    counts: Counter[str] = Counter()
    async with Waypost(url, api_key) as waypost:
        async for row in waypost.consents.import_csv(text):
            counts[row.result] += 1
            for error in row.errors:
                say(f"line {row.line}, {error['column'] or 'the row'}: {error['message']} {error['mend']}")
    say(", ".join(f"{counts[result]} {result}" for result in ("recorded", "unchanged", "refused")))
    return not counts["refused"]
