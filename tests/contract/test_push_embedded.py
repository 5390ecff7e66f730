"""The embedded push beyond the contract: it follows a gateway that was started anew elsewhere."""

import json
from pathlib import Path

import pytest

from tests.contract.gateway import FakeGateway, running_gateway
from waypost.engines.embedded import build_engine
from waypost.errors import NetworkError, NotFound, StorageError


def state(home: Path, gateway: FakeGateway) -> None:
    (home / "gateway.json").write_text(json.dumps({"push_url": gateway.url, "push_token": gateway.token}))


def test_a_gateway_that_moved_is_found_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with build_engine(home, tables=[], queues=[], buckets=[]) as engine:
        with running_gateway() as first:
            state(home, first)
            peer = first.connect()
            engine.push.post(peer.connection_id, b"1")
            assert peer.received() == [b"1"]
            engine.gateway.hang_up()
        with pytest.raises(NetworkError):
            engine.push.post(peer.connection_id, b"2")
        with running_gateway() as second:
            state(home, second)
            with pytest.raises(NotFound):
                engine.push.post(peer.connection_id, b"2")
            engine.gateway.hang_up()


def test_a_gateway_with_a_new_token_is_asked_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with build_engine(home, tables=[], queues=[], buckets=[]) as engine, running_gateway() as gateway:
        state(home, gateway)
        peer = gateway.connect()
        engine.push.post(peer.connection_id, b"1")
        gateway.token = "another"
        with pytest.raises(StorageError):
            engine.push.post(peer.connection_id, b"2")
        state(home, gateway)
        engine.push.post(peer.connection_id, b"3")
        assert peer.received() == [b"1", b"3"]
        engine.gateway.hang_up()
