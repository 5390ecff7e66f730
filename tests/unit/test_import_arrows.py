"""Who may import whom: reads every import of the tree and fails when an arrow points the wrong way."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = sorted(folder.parent.name for folder in (ROOT / "functions").glob("[a-z]*/__init__.py"))
HANDLERS.remove("waypost")
OURS = ("waypost", "containers", "infra", "tests", *HANDLERS)
JOINED = (
    "waypost.bootstrap",
    "waypost.domain",
    "waypost.entities",
    "waypost.errors",
    "waypost.observability",
    "waypost.ports",
    "waypost.services",
    "waypost.settings",
)


@dataclass(frozen=True)
class Room:
    """A part of the tree and what of ours it may import. `but` are the parts of it with rules of their own."""

    module: str
    may: tuple[str, ...]
    but: tuple[str, ...] = ()


ROOMS = (
    Room("waypost.errors", ()),
    Room("waypost.ports", ("waypost.errors",)),
    Room("waypost.settings", ("waypost.domain", "waypost.errors")),
    Room("waypost.observability", ("waypost.errors",)),
    Room("waypost.queue_records", ("waypost.observability",)),
    Room("waypost.domain", ("waypost.domain", "waypost.errors")),
    Room("waypost.entities", ("waypost.entities", "waypost.domain", "waypost.ports", "waypost.errors")),
    Room(
        "waypost.services",
        ("waypost.services", "waypost.entities", "waypost.domain", "waypost.ports", "waypost.errors"),
    ),
    Room("waypost.client", ("waypost.client",)),
    Room("waypost.engines.aws", ("waypost.engines.aws", "waypost.ports", "waypost.errors")),
    Room("waypost.engines", ("waypost.engines", "waypost.ports", "waypost.errors"), but=("waypost.engines.aws",)),
    Room("waypost.bootstrap", ("waypost",)),
    *(Room(function, (function, "waypost.queue_records", *JOINED)) for function in HANDLERS),
    Room("containers.worker", ("containers.worker", *JOINED)),
    Room("containers.operator", ("containers.operator", "containers.worker", *JOINED)),
    Room("containers.simulator", ("containers.simulator",)),
    Room("infra.local", ("infra.local", "infra.blueprint", "waypost")),
    Room("infra", ("infra",), but=("infra.local",)),
)
AWS_ONLY = ("boto3", "botocore")
# The client is for other people's programs: it brings nothing along but these.
CLIENT_MAY = ("httpx", "websockets", *sys.stdlib_module_names)


@dataclass(frozen=True)
class Import:
    file: str
    line: int
    importer: str
    imported: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.importer} must not import {self.imported}"


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    for base in (root / "functions", root):
        for name in ("waypost", *HANDLERS) if base.name == "functions" else ("containers", "infra"):
            for path in (base / name).rglob("*.py"):
                parts = path.relative_to(base).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(root: Path) -> Iterator[Import]:
    """Every import anywhere in a file: inside of functions and for type checkers, too."""
    for module, path in modules(root):
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text())):
            for imported in names(node, package):
                line = getattr(node, "lineno", 0)
                yield Import(str(path.relative_to(root)), line, module, imported)


def names(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            # `from waypost import engines` reaches the module of that name.
            return [f"{base}.{alias.name}" for alias in node.names]
    return []


def wrong_arrows(root: Path) -> list[str]:
    return [str(found) for found in imports(root) if not is_allowed(found)]


def is_allowed(found: Import) -> bool:
    if any(is_in(found.imported, library) for library in AWS_ONLY):
        return is_in(found.importer, "waypost.engines.aws") or is_in(found.importer, "infra.stacks")
    if not any(is_in(found.imported, ours) for ours in OURS):
        return not is_in(found.importer, "waypost.client") or found.imported.partition(".")[0] in CLIENT_MAY
    room = room_of(found.importer)
    return room is None or any(is_in(found.imported, allowed) for allowed in room.may)


def room_of(module: str) -> Room | None:
    return next((r for r in ROOMS if is_in(module, r.module) and not any(is_in(module, b) for b in r.but)), None)


def test_every_arrow_points_the_right_way() -> None:
    assert wrong_arrows(ROOT) == []


def test_every_module_has_a_room() -> None:
    assert [m for m, _ in modules(ROOT) if room_of(m) is None and m not in ("waypost", "containers")] == []


@pytest.mark.parametrize(
    ("file", "line", "imported"),
    [
        ("functions/waypost/domain/x.py", "from waypost.ports import Table", "waypost.ports.Table"),
        ("functions/waypost/entities/x.py", "from waypost.services import a", "waypost.services.a"),
        ("functions/waypost/entities/x.py", "from ..services import a", "waypost.services.a"),
        (
            "functions/waypost/services/x.py",
            "import waypost.engines.embedded.engine",
            "waypost.engines.embedded.engine",
        ),
        ("functions/waypost/engines/embedded/x.py", "import waypost.domain.message", "waypost.domain.message"),
        ("functions/waypost/engines/embedded/x.py", "import boto3", "boto3"),
        ("functions/waypost/client/x.py", "from waypost.errors import NotFound", "waypost.errors.NotFound"),
        ("functions/waypost/client/x.py", "import pydantic", "pydantic"),
        ("functions/waypost/services/x.py", "from waypost.client import Waypost", "waypost.client.Waypost"),
        ("functions/api/x.py", "def f():\n    from waypost import engines", "waypost.engines"),
        ("functions/api/x.py", "from realtime.handler import handler", "realtime.handler.handler"),
        ("containers/worker/x.py", "from infra.blueprint import QUEUES", "infra.blueprint.QUEUES"),
        ("containers/simulator/x.py", "import waypost.errors", "waypost.errors"),
        ("infra/local/x.py", "from containers.worker import launcher", "containers.worker.launcher"),
        ("infra/stacks/x.py", "import waypost", "waypost"),
        ("infra/local/x.py", "from tests.fakes import a", "tests.fakes.a"),
    ],
)
def test_a_wrong_arrow_is_found(tmp_path: Path, file: str, line: str, imported: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line)
    (wrong,) = wrong_arrows(tmp_path)
    assert file in wrong
    assert wrong.endswith(f"must not import {imported}")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("functions/waypost/services/x.py", "from waypost.entities.message import get"),
        ("functions/waypost/services/x.py", "from .accept import accept"),
        ("functions/waypost/bootstrap.py", "from waypost.engines.embedded.engine import open_engine"),
        ("functions/waypost/engines/aws/x.py", "import boto3"),
        ("functions/waypost/client/x.py", "import asyncio, httpx, websockets.asyncio.client"),
        ("functions/waypost/client/x.py", "from waypost.client.events import Event"),
        ("infra/local/x.py", "from waypost.client import Waypost"),
        ("functions/api/x.py", "from waypost.services.messages import accept"),
        ("containers/worker/x.py", "from waypost.bootstrap import app"),
        ("infra/local/x.py", "from waypost.engines.embedded.engine import build_engine"),
        ("infra/app.py", "from infra.stacks.data import Data"),
    ],
)
def test_a_right_arrow_is_not(tmp_path: Path, file: str, line: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert wrong_arrows(tmp_path) == []
