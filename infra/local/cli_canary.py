"""`waypost canary`: let the two sessions that try new builds write to each other now, and say how it went."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from infra.local.cli_options import home_option


@click.command("canary")
@home_option
@click.option("--use", nargs=2, metavar="SESSION SESSION", help="Make these two the canaries first.")
@click.option("--off", is_flag=True, help="Have no canaries any more; nothing is run.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def canary(home: Path, use: tuple[str, str] | None, off: bool, as_json: bool) -> None:
    """Let the canaries write to each other, and judge the pair of wa-js and WhatsApp Web build that they run.

    Other sessions load a new build only after it passed. Exit code 1 when a step does not come in its time.
    """
    from infra.local.builder import engine_of
    from waypost.bootstrap import join
    from waypost.errors import WaypostError
    from waypost.services.canaries import choose_canaries, forget_canaries
    from waypost.services.canary import Doors, run
    from waypost.settings import settings_from

    path = home.resolve()
    with engine_of(path) as engine:
        parts = join(settings_from({**os.environ, "WAYPOST_HOME": str(path)}), engine)
        if off:
            forget_canaries(table=parts.table)
            click.echo("There are no canaries any more.", err=as_json)
            return
        try:
            if use:
                choose_canaries(*use, table=parts.table)
        except WaypostError as error:
            raise click.ClickException(str(error)) from error
        seconds = parts.settings.upkeep.canary_step_seconds
        report = run(Doors(parts.table, engine.queues, parts.seals, parts.contacts, parts.now_ms, seconds))
    if as_json:
        click.echo(json.dumps({"passed": report.passed, **asdict(report)}, indent=2))
    else:
        click.echo(_as_text(report.pair, report.steps, report.failed_step, report.code))
    if not report.passed:
        raise SystemExit(1)


def _as_text(pair: str, steps: dict[str, int], failed_step: str | None, code: str | None) -> str:
    lines = [f"{step:<17}{took} ms" for step, took in steps.items()]
    lines.append(f"{failed_step:<17}failed: {code}" if failed_step else "every step came in its time")
    return "\n".join([pair or "no pair was judged", *lines])
