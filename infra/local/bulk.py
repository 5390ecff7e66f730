"""`waypost bulk` and `waypost queue`: a file sent to many with a bar that shows how far it is, and what waits."""

import asyncio
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from waypost.client import BulkRun, Waypost

POLL_SECONDS = 0.5
_NOT_YET = ("pending", "accepted", "sending")
_REFUSALS_SHOWN = 20


async def send_file(url: str, api_key: str, name: str, text: str, fields: Mapping[str, Any], console: Console) -> bool:
    """Send to every row, and show how far it is until it is over; whether all rows were good."""
    async with Waypost(url, api_key) as waypost:
        run = await waypost.bulk.create(csv=text, name=name, **fields)
        try:
            run = await _watch(waypost, run, console)
        except asyncio.CancelledError:
            console.print(f"\nIt goes on without you. See it again: waypost bulk watch {run.id}")
            console.print(f"Stop it: waypost bulk cancel {run.id}")
            raise
        await _tell(waypost, run, console)
        return not run.outcomes.get("refused") and run.status != "refused"


async def watch_run(url: str, api_key: str, run_id: str, console: Console) -> None:
    async with Waypost(url, api_key) as waypost:
        await _tell(waypost, await _watch(waypost, await waypost.bulk.get(run_id), console), console)


async def cancel_run(url: str, api_key: str, run_id: str, console: Console) -> None:
    async with Waypost(url, api_key) as waypost:
        await _tell(waypost, await waypost.bulk.cancel(run_id), console)


async def show_queue(url: str, api_key: str, session_id: str, console: Console) -> None:
    async with Waypost(url, api_key) as waypost:
        queue = await waypost.queue.get(session_id)
    table = Table("lane", "waiting", "because", "last expected", "paused")
    for lane in ("interactive", "bulk"):
        found = queue[lane]
        reasons = ", ".join(f"{count} {reason}" for reason, count in found["reasons"].items())
        last = found["last"] or {}
        waiting = f"{found['waiting']}{'+' if found['more'] else ''}"
        paused = "" if found["paused"] is None else f"since {found['paused']['since']}"
        table.add_row(lane, waiting, reasons, last.get("at") or last.get("because") or "", paused)
    console.print(table)


async def _watch(waypost: Waypost, run: BulkRun, console: Console) -> BulkRun:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[until]}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(run.status, total=run.total, until="")
        while True:
            done = run.total - sum(run.outcomes.get(name, 0) for name in _NOT_YET)
            until = (run.estimate or {}).get("at") or (run.estimate or {}).get("because") or ""
            progress.update(task, completed=done, description=run.status, until=until and f"until {until}")
            if run.is_over:
                return run
            await asyncio.sleep(POLL_SECONDS)
            run = await waypost.bulk.get(run.id)


async def _tell(waypost: Waypost, run: BulkRun, console: Console) -> None:
    """The counts, and the first of those who were refused, with why and what mends it."""
    console.print(f"{run.id}: {run.status}. " + ", ".join(f"{count} {name}" for name, count in run.outcomes.items()))
    if run.dry_run and run.estimate is not None:
        console.print(f"The last would go at about {run.estimate['at'] or run.estimate['because']}.")
    shown = 0
    async for row in waypost.bulk.results(run.id):
        if row.outcome in ("refused", "duplicate"):
            where = f"line {row.line}" if row.line else f"row {row.row}"
            console.print(
                f"  {where}{f', {row.column}' if row.column else ''}: {row.message} {row.mend}", highlight=False
            )
            shown += 1
        if shown == _REFUSALS_SHOWN:
            console.print("  … GET /v1/bulk/{id}/results lists them all.", markup=False)
            return
