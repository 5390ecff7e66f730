"""The commands about files: `waypost media`."""

from pathlib import Path

import click

from infra.local.cli_options import api_key_option, asking, home_option
from waypost.domain.contents import MEDIA_KINDS


@click.group()
def media() -> None:
    """Files."""


@media.command("get")
@click.argument("media_id", metavar="MEDIA")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
@api_key_option
def media_get(media_id: str, file: Path, home: Path, api_key: str | None) -> None:
    """Read the file with the id MEDIA, of a message that came in or an upload, into FILE."""
    from infra.local.media import get_file

    asking(get_file, home, api_key, media_id, file)


@media.command("send")
@click.argument("session")
@click.argument("to")
@click.argument("file")
@click.option("--text", help="Its caption.")
@click.option("--kind", type=click.Choice(MEDIA_KINDS), help="What it is sent as; else its content decides.")
@click.option("--view-once", is_flag=True, help="Shown once: an image, a video or a voice note.")
@click.option("--reply-to", help="The id of the message that it answers.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is sent.")
@home_option
@api_key_option
def media_send(
    session: str,
    to: str,
    file: str,
    text: str | None,
    kind: str | None,
    view_once: bool,
    reply_to: str | None,
    no_wait: bool,
    home: Path,
    api_key: str | None,
) -> None:
    """Send FILE, a file of this machine or an https URL, to the chat TO.

    Shows how far its upload, its preparation and the message are; the message's id is printed. Ctrl-C leaves it to be
    sent. Exit code 1 when it is refused or fails."""
    from infra.local.media import send_file

    if "://" not in file:
        _check(Path(file))
    said = {"text": text, "kind": kind, "view_once": view_once, "reply_to": reply_to}
    given = {name: value for name, value in said.items() if value}
    if not asking(send_file, home, api_key, session, to, file, given, not no_wait):
        raise SystemExit(1)


def _check(file: Path) -> None:
    if not file.exists():
        raise click.BadParameter("There is no such file.", param_hint="FILE")
    if not file.is_file():
        raise click.BadParameter("This is a folder: name one file, or pack a zip.", param_hint="FILE")
    if not file.stat().st_size:
        raise click.BadParameter("The file is empty.", param_hint="FILE")
