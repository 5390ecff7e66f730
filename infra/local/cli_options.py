"""What several commands have: options, and asking the Waypost that runs on a home."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from infra.local.home import Home
from infra.local.status import status


def home_option[F: Callable[..., Any]](command: F) -> F:
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(".waypost"),
        show_default=True,
        help="Folder that keeps everything.",
    )(command)


def api_key_option[F: Callable[..., Any]](command: F) -> F:
    return click.option("--api-key", help="The home's first key otherwise.")(command)


def asking(act: Callable[..., Any], home: Path, api_key: str | None, *arguments: Any) -> Any:
    """Ask the Waypost that runs on a home."""
    import asyncio

    from rich.console import Console

    from waypost.client import ClientError, Refused

    found = status(Home(home.resolve()))
    if found is None:
        raise click.ClickException(f"Waypost does not run on {home}.")
    try:
        return asyncio.run(act(found["url"], api_key or found["api_key"], *arguments, Console(soft_wrap=True)))
    except Refused as refused:
        raise click.ClickException(_told(refused)) from refused
    except ClientError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _told(refused: Any) -> str:
    """What is wrong, and a line for each place where, with how to mend it."""
    places = refused.problem.get("errors") or [{"field": refused.field, "mend": refused.mend}]
    lines = [
        " ".join(word for word in (f"{place['field']}:" if place.get("field") else "", *_words(place)) if word)
        for place in places
    ]
    return "\n".join([str(refused), *(line for line in lines if line)])


def _words(place: Mapping[str, Any]) -> tuple[str, str]:
    return str(place.get("message") or ""), str(place.get("mend") or "")
