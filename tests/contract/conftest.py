"""Fixtures of the contract suite: one engine after the other, and for every test things of its own."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.contract.aws import aws
from tests.contract.embedded import embedded
from tests.contract.exceptions import exception_for
from tests.contract.harness import Subject
from tests.contract.harsh import harsh
from waypost.ports import Blobs, Engine, Queue, Table

SUBJECTS: dict[str, Callable[[Path], AbstractContextManager[Subject]]] = {
    "embedded": embedded,
    "harsh": harsh,
    "aws": aws,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and (wrong := exception_for(item)) is not None:
            item.add_marker(pytest.mark.xfail(strict=True, reason=wrong.reason))


@pytest.fixture(scope="session", params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    with SUBJECTS[request.param](tmp_path_factory.mktemp(request.param)) as subject:
        yield subject


@pytest.fixture
def engine(subject: Subject) -> Engine:
    return subject.engine


@pytest.fixture
def table(engine: Engine) -> Table:
    return engine.main


@pytest.fixture
def pk() -> str:
    """A partition that no other test uses."""
    return f"TEST#{uuid.uuid4().hex}"


@pytest.fixture
def session_id(engine: Engine) -> Iterator[str]:
    name = uuid.uuid4().hex
    engine.queues.create_session_queues(name)
    yield name
    engine.queues.delete_session_queues(name)


@pytest.fixture
def fifo(engine: Engine, session_id: str) -> Queue:
    return engine.queues.queue(f"fifo-{session_id}")


@pytest.fixture
def standard(engine: Engine, session_id: str) -> Queue:
    return engine.queues.queue(f"standard-{session_id}")


@pytest.fixture
def bucket(engine: Engine) -> Blobs:
    return engine.blobs["media"]
