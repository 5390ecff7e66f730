"""The commands about many messages: `waypost bulk` and `waypost queue`."""

from pathlib import Path
from typing import Any

import click

from infra.local.cli_options import api_key_option, asking, home_option


@click.group()
def bulk() -> None:
    """One message to many people."""


@bulk.command("send")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--session", help="The session that sends it.")
@click.option("--pool", help="Or the pool.")
@click.option("--text", help="What is sent; {{name}} stands for the column of that name.")
@click.option("--template", help="Or an approved template; its variables are the columns.")
@click.option("--language", help="The template's.")
@click.option("--purpose", help="What consent is asked for.")
@click.option("--send-at", help="Not before; RFC 3339.")
@click.option("--expires-at", help="Not from then on.")
@click.option("--dry-run", is_flag=True, help="Only tell who would be refused and why, and when it would finish.")
@click.option("--all-or-nothing", is_flag=True, help="Send nothing when a single row would be refused.")
@home_option
@api_key_option
def bulk_send(
    file: Path,
    session: str | None,
    pool: str | None,
    text: str | None,
    template: str | None,
    language: str | None,
    purpose: str | None,
    send_at: str | None,
    expires_at: str | None,
    dry_run: bool,
    all_or_nothing: bool,
    home: Path,
    api_key: str | None,
) -> None:
    """Send to every row of a CSV: a column `to`, the others are variables.

    Ctrl-C leaves it running. Exit code 1 when a row was refused."""
    from infra.local.bulk import send_file

    made_from = None if template is None else {"name": template, "language": language}
    wanted: dict[str, Any] = {
        "session_id": session, "pool_id": pool, "text": text, "template": made_from, "purpose": purpose,
        "send_at": send_at, "expires_at": expires_at,
    }  # fmt: skip
    fields = {name: value for name, value in wanted.items() if value is not None}
    fields |= {"dry_run": dry_run, "all_or_nothing": all_or_nothing}
    if not asking(send_file, home, api_key, file.name[:100], _read(file), fields):
        raise SystemExit(1)


@bulk.command("watch")
@click.argument("run")
@home_option
@api_key_option
def bulk_watch(run: str, home: Path, api_key: str | None) -> None:
    """Show how far it is, until it is over."""
    from infra.local.bulk import watch_run

    asking(watch_run, home, api_key, run)


@bulk.command("cancel")
@click.argument("run")
@home_option
@api_key_option
def bulk_cancel(run: str, home: Path, api_key: str | None) -> None:
    """Send nothing more of it."""
    from infra.local.bulk import cancel_run

    asking(cancel_run, home, api_key, run)


@click.command()
@click.argument("session")
@home_option
@api_key_option
def queue(session: str, home: Path, api_key: str | None) -> None:
    """Show what waits in a session, what for and until when."""
    from infra.local.bulk import show_queue

    asking(show_queue, home, api_key, session)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException("The file is not in UTF-8. Save it as CSV UTF-8.") from None
