"""The `waypost` command line: words in, one function called, an exit code out."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from infra.local.addresses import HTTP_PORT, HTTPS_PORT, SIMULATOR_PORT
from infra.local.cli_bulk import bulk, queue
from infra.local.cli_canary import canary
from infra.local.cli_media import media
from infra.local.cli_options import home_option
from infra.local.home import Home
from infra.local.running import AlreadyRunning, end_leftovers, state_of
from infra.local.status import as_text, status

STOP_SECONDS = 90.0
LOOPBACK_NAMES = ("127.0.0.1", "localhost")


@click.group()
def main() -> None:
    """Waypost on one machine."""


main.add_command(bulk)
main.add_command(queue)
main.add_command(canary)
main.add_command(media)


@main.command()
@home_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--port", default=HTTP_PORT, show_default=True, help="HTTP; 0 takes a free one.")
@click.option("--https-port", default=HTTPS_PORT, show_default=True, help="HTTPS and WSS; 0 takes a free one.")
@click.option("--simulator-port", default=SIMULATOR_PORT, show_default=True, help="0 takes a free one.")
@click.option("--whatsapp", metavar="URL", help="Drive this WhatsApp Web, not the simulator.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 16), help="Five sessions each.")
@click.option("--reload/--no-reload", default=True, show_default=True, help="Start parts anew when their code changes.")
def up(
    home: Path,
    host: str,
    port: int,
    https_port: int,
    simulator_port: int,
    whatsapp: str | None,
    workers: int,
    reload: bool,
) -> None:
    """Start everything and keep it running until Ctrl-C."""
    from infra.local.supervisor import StartFailed, Wanted
    from infra.local.up import up as run

    if host not in LOOPBACK_NAMES:
        raise click.BadParameter(
            "plain HTTP would carry API keys in the clear, so Waypost listens on 127.0.0.1 only. To be reached "
            "from elsewhere, put a proxy in front that ends TLS and passes on to the HTTPS port.",
            param_hint="--host",
        )
    wanted = Wanted(Home(home.resolve()), port, https_port, simulator_port, whatsapp, reload, workers)
    try:
        run(wanted, click.echo)
    except (AlreadyRunning, StartFailed) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option(
    "--home",
    "--keep",
    "home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Use this home and keep it; else it is temporary.",
)
def demo(home: Path | None) -> None:
    """The main job in one go: link a phone, send a text, get the reply, with the time of every step."""
    from infra.local.demo import demo as run

    raise SystemExit(run(home))


@main.command("status")
@home_option
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status_command(home: Path, as_json: bool) -> None:
    """Where it listens, the first API key and the state of the parts; exit code 1 when it does not run.

    The first key is shown because `waypost up` keeps it in the home. All other keys are shown once, when made.
    """
    found = status(Home(home.resolve()))
    if as_json:
        click.echo(json.dumps(found or {"running": False, "home": str(home.resolve())}, indent=2))
    elif found:
        click.echo(as_text(found))
    else:
        click.echo(f"Waypost does not run on {home}. `waypost up --home {home}` starts it.")
    if found is None:
        raise SystemExit(1)


@main.command()
@home_option
def stop(home: Path) -> None:
    """Stop what runs, or end what a killed run left behind."""
    place = Home(home.resolve())
    state = state_of(place)
    if state is None:
        ended = end_leftovers(place)
        click.echo(f"Ended what a killed run left: {', '.join(ended)}." if ended else "Nothing runs.")
        return
    os.kill(state["supervisor"]["pid"], signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while state_of(place) is not None:
        if time.monotonic() > deadline:
            raise click.ClickException(f"It did not stop within {STOP_SECONDS:.0f} s; see {place.logs}.")
        time.sleep(0.05)
    click.echo("Stopped.")


@main.command("link")
@click.argument("session")
@home_option
@click.option("--url", help="Of the API, where it runs on another machine; the key is in WAYPOST_API_KEY.")
@click.option("--ca-file", type=click.Path(path_type=Path, exists=True), help="Whose certificates to trust beside.")
@click.option("--browser", type=click.Path(path_type=Path), help="Chrome or Chromium of this machine.")
@click.option("--headless", is_flag=True, help="Without a window: for tests.")
def link_command(
    session: str, home: Path, url: str | None, ca_file: Path | None, browser: Path | None, headless: bool
) -> None:
    """Log a session in by hand, in a window of the real browser on this machine, and hand it to a worker.

    For what a phone alone cannot do: a passkey, say. Linux; elsewhere it is experimental.
    """
    if url is None:
        found = status(Home(home.resolve()))
        if found is None:
            raise click.ClickException(f"Waypost does not run on {home}: say where with --url.")
        url = str(found["url"])
        os.environ["WAYPOST_API_KEY"] = str(found["api_key"])
    words = [sys.executable, "-m", "containers.operator", session, "--url", url]
    words += ["--ca-file", str(ca_file)] if ca_file else []
    words += ["--browser", str(browser)] if browser else []
    words += ["--headless"] if headless else []
    os.execv(words[0], words)  # noqa: S606  # becoming it is the point


@main.group()
def tenant() -> None:
    """Tenants: who shares nothing with anybody else."""


@tenant.command("create")
@click.argument("name")
@home_option
def tenant_create(name: str, home: Path) -> None:
    """Make a tenant and print its id."""
    from infra.local.first_key import new_tenant

    click.echo(new_tenant(home.resolve(), name))


@main.group()
def consents() -> None:
    """Who agreed to what."""


@consents.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@home_option
@click.option("--api-key", help="Whose list it is; the home's first key otherwise.")
def consents_import(file: Path, home: Path, api_key: str | None) -> None:
    """Record a CSV of consents: chat, means, given_at, and if you like purpose, proof, until, withdrawn_at.

    Each row by itself: a wrong one is told by line and column, and the rest is recorded. Safe to repeat. Exit code 1
    when a row was refused.
    """
    from infra.local.consents import import_consents
    from waypost.client import Refused

    found = status(Home(home.resolve()))
    if found is None:
        raise click.ClickException(f"Waypost does not run on {home}.")
    try:
        done = import_consents(found, file, api_key, click.echo)
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    if not done:
        raise SystemExit(1)


@main.group()
def drill() -> None:
    """Exercises: break something on purpose, and see how long it takes to come right."""


@drill.command("failover")
@home_option
@click.option("--session", help="Whose worker to end; any that works.")
@click.option(
    "--how",
    type=click.Choice(["kill", "freeze", "stop", "wait"]),
    default="stop",
    show_default=True,
    help="stop asks it to hand over, as a deploy does; wait watches while you end it, in the cloud for example.",
)
@click.option("--send-to", metavar="CHAT", help="Send five texts there meanwhile; without it nothing is sent.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def drill_failover(home: Path, session: str | None, how: Any, send_to: str | None, as_json: bool) -> None:
    """End the worker of a session and tell when it was taken over and works again; exit code 1 when a bound is missed.

    A stop has 5 s; a kill and a freeze have the lease time more. All sessions of that worker move.
    """
    from dataclasses import asdict

    from infra.local import drill_failover as failover
    from infra.local.builder import engine_of
    from waypost.bootstrap import join
    from waypost.settings import settings_from

    place = Home(home.resolve())
    with engine_of(place.path) as engine:
        parts = join(settings_from({**os.environ, "WAYPOST_HOME": str(place.path)}), engine)
        try:
            report = failover.drill(place, parts, session=session, how=how, send_to=send_to, say=_say_aside)
        except failover.CannotDrill as error:
            raise click.ClickException(str(error)) from error
    click.echo(json.dumps(asdict(report), indent=2) if as_json else failover.as_text(report))
    if report.missed:
        raise SystemExit(1)


@drill.command("restore")
@click.argument("session")
@home_option
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def drill_restore(session: str, home: Path, as_json: bool) -> None:
    """Restore the newest backup of a session into a new folder, prove that it opens logged in, say how old it is.

    The session may run meanwhile: the copy never goes live, and is thrown away. Exit code 1 when it is no good.
    """
    place = Home(home.resolve())
    found = status(place)
    environment = {**os.environ, "WAYPOST_HOME": str(place.path)}
    if found is not None:
        environment["WAYPOST_WHATSAPP_URL"] = str(found["whatsapp_url"])
    words = [sys.executable, "-m", "containers.worker.vault.drill", session, *(["--json"] if as_json else [])]
    os.execve(words[0], words, environment)  # noqa: S606  # becoming it is the point


def _say_aside(words: str) -> None:
    click.echo(words, err=True)


@main.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--tenant", default="default", show_default=True, help="Id or name.")
@click.option("--name", default="unnamed", show_default=True, help="To know it by.")
@home_option
def key_create(tenant: str, name: str, home: Path) -> None:
    """Make an API key and print it. It is shown this once: only its MAC is kept."""
    from infra.local.first_key import new_key

    try:
        click.echo(new_key(home.resolve(), tenant, name))
    except KeyError as error:
        raise click.ClickException(
            f"There is no tenant {tenant!r} on {home}. `waypost tenant create` makes one."
        ) from error


if __name__ == "__main__":
    main()
