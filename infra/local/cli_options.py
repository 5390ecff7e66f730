"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


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
