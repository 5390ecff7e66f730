"""The `waypost` command line and the keeping of parts, where no whole system is needed."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner, Result

from infra.local import cli_options
from infra.local.addresses import choose
from infra.local.announcement import announcement, curl_lines
from infra.local.builder import build
from infra.local.cli import main
from infra.local.home import Home
from infra.local.logs import rotate
from infra.local.part import NeverHealthy, Part, PartSpec
from infra.local.processes import Identity, end_group
from infra.local.reload import concerns
from infra.local.running import STATE_FILE, held, state_of
from waypost.client import Refused
from waypost.services.tenants import check_api_key

ADDRESSES = {"url": "http://127.0.0.1:1", "person_page": None}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def waypost(home: Home, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--home", str(home.path)])


def write_state(home: Home, supervisor: Identity, **parts: Identity) -> None:
    def document(one: Identity) -> dict[str, object]:
        return {"pid": one.pid, "started": one.started, "state": "healthy", "restarts": 0}

    state = {"supervisor": document(supervisor), "ready": True, "addresses": ADDRESSES}
    home.write_private(STATE_FILE, {**state, "parts": {name: document(part) for name, part in parts.items()}})


def test_status_says_that_nothing_runs(home: Home) -> None:
    said = waypost(home, "status")
    assert said.exit_code == 1
    assert "waypost up" in said.output
    found = waypost(home, "status", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output)["running"] is False


def test_a_refusal_is_told_with_where_it_is_and_how_to_mend_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_options, "status", lambda _: {"url": "", "api_key": ""})
    place = {"field": "size", "message": "This number is too small.", "mend": "Give at least 1."}

    async def refuse(*_: object) -> None:
        raise Refused(422, {"code": "invalid_request", "detail": "Not taken.", "errors": [place]})

    with pytest.raises(ClickException) as told:
        cli_options.asking(refuse, home.path, None)
    assert told.value.message == "422 invalid_request: Not taken.\nsize: This number is too small. Give at least 1."


@pytest.mark.parametrize(("file", "words"), [("nothing.jpg", "no such"), (".", "a folder"), ("empty.jpg", "is empty")])
def test_what_is_no_file_is_refused_before_anybody_is_asked(home: Home, file: str, words: str) -> None:
    (home.path / "empty.jpg").touch()
    said = waypost(home, "media", "send", "ses_0", "+4915112345678", str(home.path / file))
    assert said.exit_code == 2
    assert words in said.output


def test_a_killed_run_is_not_taken_for_a_running_one(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    # Its process id lives on, as somebody else's.
    write_state(home, Identity(os.getpid(), "some other time"), worker=Identity.of(sleeper.pid))
    assert waypost(home, "status").exit_code == 1
    said = waypost(home, "stop")
    assert said.output == "Ended what a killed run left: worker.\n"
    assert sleeper.wait(5) < 0
    assert waypost(home, "stop").output == "Nothing runs.\n"


def test_the_next_start_ends_what_a_killed_run_left(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    write_state(home, Identity(os.getpid(), "some other time"), gateway=Identity.of(sleeper.pid))
    with held(home):
        assert sleeper.wait(5) < 0
        assert state_of(home) is None


def test_a_process_that_only_has_the_number_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    end_group(Identity(sleeper.pid, "some other time"), 1)
    assert Identity.of(sleeper.pid).is_alive()


def test_a_second_up_says_where_the_first_runs(home: Home) -> None:
    with held(home):
        write_state(home, Identity.of(os.getpid()))
        said = waypost(home, "up")
    assert said.exit_code == 1
    assert "runs on" in said.output
    assert "http://127.0.0.1:1" in said.output
    assert str(os.getpid()) in said.output


def test_plain_http_stays_on_loopback(home: Home) -> None:
    said = waypost(home, "up", "--host", "0.0.0.0")
    assert said.exit_code == 2
    assert "in the clear" in said.output


def test_a_tenant_and_a_key_for_it(home: Home) -> None:
    tenant = waypost(home, "tenant", "create", "Harbour Books").output.strip()
    by_id = waypost(home, "key", "create", "--tenant", tenant).output.strip()
    by_name = waypost(home, "key", "create", "--tenant", "Harbour Books").output.strip()
    with build(home.path) as engine:
        assert {check_api_key(engine.main, engine.keys, key).tenant for key in (by_id, by_name)} == {tenant}
    unknown = waypost(home, "key", "create", "--tenant", "nobody")
    assert unknown.exit_code == 1
    assert "waypost tenant create" in unknown.output


def test_a_taken_port_is_said_and_another_chosen() -> None:
    first, _ = choose({}, http_port=0, https_port=0, simulator_port=0, whatsapp_url=None)
    with socket.create_server(("127.0.0.1", first.http_port)):
        second, remarks = choose({}, http_port=first.http_port, https_port=0, simulator_port=0, whatsapp_url=None)
    assert second.http_port != first.http_port
    assert remarks == [f"Port {first.http_port} is taken by another program: using {second.http_port} instead."]


def test_the_real_whatsapp_needs_no_simulator() -> None:
    addresses, _ = choose({}, http_port=0, https_port=0, simulator_port=0, whatsapp_url="https://web.whatsapp.com/")
    assert addresses.simulator_url is None
    assert not any("control" in line for line in curl_lines(addresses, "wp_key"))


def test_curl_lines_are_a_shells() -> None:
    addresses, _ = choose({}, http_port=0, https_port=0, simulator_port=0, whatsapp_url=None)
    lines = curl_lines(addresses, "wp_key")
    subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=True)
    assert sum(line.startswith(("curl", "S=$(curl")) for line in lines) == 4


def test_what_is_ready_is_told_with_the_drop_and_what_it_refuses(home: Home) -> None:
    addresses, _ = choose({}, http_port=0, https_port=0, simulator_port=0, whatsapp_url=None)
    told = announcement(home, addresses, "wp_key")
    for folder in ("drop", "rejected"):
        assert f"  {home.path / folder}/" in told


def test_logs_are_kept_for_three_starts(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "gateway.log"
    for number in range(6):
        rotate(path).write_text(str(number))
    kept = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert kept == {"gateway.log": "5", "gateway.log.1": "4", "gateway.log.2": "3", "gateway.log.3": "2"}


def test_a_change_concerns_the_parts_whose_folder_it_is_in(tmp_path: Path) -> None:
    assert concerns((tmp_path / "functions",), [tmp_path / "functions/api/x.py"])
    assert not concerns((tmp_path / "functions",), [tmp_path / "functions2/x.py"])


async def until(holds: Callable[[], bool], seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # other processes set no event
            await asyncio.sleep(0.02)


def part(tmp_path: Path, code: str) -> Part:
    spec = PartSpec("part", (sys.executable, "-c", code), dict(os.environ), tmp_path / "part.log", grace_seconds=2)
    return Part(spec, lambda part, why: None)


async def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    one = part(tmp_path, "print('hello', flush=True)")
    await one.start()
    await until(lambda: one.spec.log.read_text().count("hello") >= 2)
    await one.stop()
    assert one.restarts >= 1
    assert one.state == "stopped"


async def test_a_part_takes_its_children_along(tmp_path: Path) -> None:
    child = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    )
    one = part(tmp_path, child)
    await one.start()
    await until(lambda: one.spec.log.read_text().endswith("\n"))
    grandchild = Identity.of(int(one.spec.log.read_text()))
    await one.stop()
    await until(lambda: not grandchild.is_alive())


async def test_a_part_that_ends_at_its_start_was_never_healthy(tmp_path: Path) -> None:
    one = Part(
        PartSpec("part", (sys.executable, "-c", "1/0"), {}, tmp_path / "log", health_url="http://127.0.0.1:1/"),
        lambda part, why: None,
    )
    await one.start()
    with pytest.raises(NeverHealthy, match="ended while starting"):
        await one.until_healthy(5)
    await one.stop()


async def test_a_reload_is_a_new_process_and_no_crash(tmp_path: Path) -> None:
    one = part(tmp_path, "import time; time.sleep(60)")
    await one.start()
    before = one.identity
    await one.reload()
    await one.until_healthy(5)
    assert one.identity not in (before, None)
    assert one.restarts == 0
    await one.stop()
