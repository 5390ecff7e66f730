"""Consent and templates through the client and the command line, on a real gateway."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local import cli
from tests.integration.client_house import RealGateway, real_gateway
from waypost.client import Refused, Waypost
from waypost.client.pieces import MAX_ROWS, pieces
from waypost.services.tenants import create_api_key, create_tenant

HEADER = "chat,means,given_at,proof\n"


def row(number: int, proof: str = "") -> str:
    return f'+49151123{number:05d},paper,2026-01-01T10:00:00Z,"{proof}"\n'


@pytest.fixture(scope="module", name="gateway")
def gateway_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGateway]:
    with real_gateway(Path(tmp_path_factory.mktemp("client")) / "home") as gateway:
        yield gateway


@pytest.fixture(name="key")
def key_fixture(gateway: RealGateway) -> str:
    tenant = create_tenant(gateway.app.table, "shop")
    return create_api_key(gateway.app.table, gateway.app.engine.keys, tenant, "Legal")


async def test_consents_and_templates_as_methods(gateway: RealGateway, key: str) -> None:
    async with Waypost(gateway.url, key) as waypost:
        given = await waypost.consents.give("+4915112345602", "web_form", purpose="news", proof="box 2")
        assert [(one["purpose"], one["stands"]) for one in given.consents] == [("news", True)]
        await waypost.consents.withdraw(given.chat.contact_id, "news")
        found = await waypost.consents.get("4915112345602@c.us")
        assert [one["step"] for one in found.history] == ["withdrawn", "given"]
        assert (await waypost.consents.withdraw("+4915112345602")).opted_out_by == "api"
        assert len((await waypost.consents.list(purpose="news")).items) == 1

        draft = await waypost.templates.create("hi", "en", "Hello {{name}}", {"name": {"type": "text"}})
        approved = await waypost.templates.approve(draft)
        assert (approved.status, (await waypost.templates.list()).items) == ("approved", (approved,))
        assert (await waypost.templates.retire(approved)).status == "retired"
        with pytest.raises(Refused):
            await waypost.templates.approve(draft)


async def test_a_list_of_any_length_is_imported_in_pieces_with_the_files_own_lines(
    gateway: RealGateway, key: str
) -> None:
    rows = [row(number, "two\nlines" if number == 3 else "") for number in range(MAX_ROWS + 3)]
    rows[MAX_ROWS + 1] = "nobody,paper,2026-01-01T10:00:00Z,\n"
    async with Waypost(gateway.url, key) as waypost:
        told = [one async for one in waypost.consents.import_csv(HEADER + "".join(rows))]
    assert len(told) == MAX_ROWS + 3
    assert [one.line for one in told] == [number + 2 + (number > 3) for number in range(MAX_ROWS + 3)]
    assert [one.line for one in told if one.result == "refused"] == [MAX_ROWS + 1 + 3]


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["", "a, b", "two\nlines", 'said ""yes""', "x" * 400]), max_size=1200))
def test_pieces_hold_every_row_once_and_in_order(proofs: list[str]) -> None:
    text = HEADER + "".join(row(number, proof) for number, proof in enumerate(proofs))
    cut = list(pieces(text))
    read = [list(csv.reader(io.StringIO(piece.text, newline=""), strict=True)) for piece in cut]
    assert [one for piece in read for one in piece[1:]] == list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert all(piece[0] == ["chat", "means", "given_at", "proof"] and len(piece) <= MAX_ROWS + 1 for piece in read)
    assert all(len(piece.text) <= 200_000 for piece in cut)


def test_the_command_line_tells_of_every_row_that_was_refused(
    gateway: RealGateway, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "consents.csv"
    running: dict[str, Any] = {"url": gateway.url, "api_key": key}
    monkeypatch.setattr(cli, "status", lambda _home: running)

    def run() -> tuple[int, list[str]]:
        done = CliRunner().invoke(cli.main, ["consents", "import", str(file)])
        return done.exit_code, done.output.splitlines()

    file.write_text(HEADER + row(1) + "nobody,paper,2026-01-01T10:00:00Z,\n" + row(2))
    code, lines = run()
    assert code == 1
    assert lines[0].startswith("line 3, chat: ")
    assert lines[-1] == "2 recorded, 0 unchanged, 1 refused"
    file.write_text(HEADER + row(1) + row(2))
    assert run() == (0, ["0 recorded, 2 unchanged, 0 refused"])
    file.write_text("chat,colour\n")
    code, lines = run()
    assert code == 1
    assert "header" in lines[0]
