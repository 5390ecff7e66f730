"""What is deployed: pins that agree with the project's lock, functions that are complete, an image that holds no more
than it must."""

import ast
import re
import sys
from pathlib import Path

import pytest

from containers.worker.users import users_from
from infra.blueprint import FUNCTIONS, TASKS, Function, Task
from infra.lambda_assets.__main__ import NOT_IN_THE_CLOUD, put_together

ROOT = Path(__file__).parents[2]
LOCKS = tuple(
    ROOT / place / "requirements.lock" for place in ("infra/lambda_assets", "containers/worker", "functions/media")
)

_MODULES = {"pillow": "PIL", "backports-zstd": "backports"}  # where a package is not called like what is imported


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_what_is_deployed_is_what_is_tested(lock: Path) -> None:
    """`python -m infra.lambda_assets.lock` makes it so."""
    assert pins(lock).items() <= pins(ROOT / "requirements.lock").items()


@pytest.mark.parametrize(
    ("lock", "folders"),
    [
        (LOCKS[0], sorted({f"functions/{path.name}" for path in (ROOT / "functions").iterdir()} - {"functions/media"})),
        (LOCKS[1], ["functions/waypost", "containers/worker"]),
        (LOCKS[2], ["functions/waypost", "functions/media"]),
    ],
    ids=lambda value: value.parent.name if isinstance(value, Path) else "",
)
def test_everything_that_is_imported_is_deployed(lock: Path, folders: list[str]) -> None:
    # A backport lives in a package that several distributions share.
    deployed = {_MODULES.get(name, name.replace("-", "_")) for name in pins(lock)}
    ours = {path.name for path in (ROOT / "functions").iterdir()} | {"containers"}
    for folder in folders:
        for source in (ROOT / folder).rglob("*.py"):
            if any(source.is_relative_to(ROOT / "functions/waypost" / name) for name in NOT_IN_THE_CLOUD):
                continue
            missing = _imported(source) - deployed - ours - sys.stdlib_module_names
            assert not missing, source


def _imported(source: Path) -> set[str]:
    """Not what only type checkers import, nor what an `if TYPE_CHECKING` hides."""
    found = set()
    tree = ast.parse(source.read_text())
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if not f.image], ids=lambda function: function.name)
def test_a_function_gets_its_own_code_compiled_for_good(tmp_path: Path, function: Function) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    folder = tmp_path / function.name
    put_together(folder, packages, function)
    own, *_, handler = function.handler.split(".")
    module = folder.joinpath(*function.handler.split(".")[:-1]).with_suffix(".py")
    assert f"def {handler}(" in module.read_text()
    assert {path.name for path in folder.iterdir()} == {own, "waypost"}
    assert not [name for name in NOT_IN_THE_CLOUD if (folder / "waypost" / name).exists()]
    (compiled,) = (module.parent / "__pycache__").glob(f"{module.stem}.*.pyc")
    # The flags after the magic number: by hash, and never compared with the source.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01


def test_nothing_that_is_not_needed_is_sent_to_the_image_builder() -> None:
    rules = (ROOT / ".dockerignore").read_text().split()
    assert "*" in rules
    assert {f"functions/waypost/{name}" for name in NOT_IN_THE_CLOUD} <= set(rules)
    kept = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    dockerfiles = [ROOT / f"containers/{task.name}/Dockerfile" for task in TASKS]
    dockerfiles += [ROOT / f"functions/{function.name}/Dockerfile" for function in FUNCTIONS if function.image]
    copied = {
        source
        for dockerfile in dockerfiles
        for line in re.findall(r"^COPY (?!--from)(.+)", dockerfile.read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert all(any(source == rule or source.startswith(f"{rule}/") for rule in kept) for source in copied)
    assert kept <= {"package.json", "package-lock.json", "functions", "functions/waypost", "functions/media"} | {
        "containers",
        "containers/__init__.py",
        "containers/worker",
    }


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_image_runs_the_launcher_as_root_and_the_others_as_somebody_else(task: Task) -> None:
    dockerfile = (ROOT / f"containers/{task.name}/Dockerfile").read_text()
    assert f'ENTRYPOINT ["python3", "-m", "{task.module}"]' in dockerfile
    *_, user = re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE)
    assert user == "0:0"
    (users,) = re.findall(r"WAYPOST_USERS=(\S+)", dockerfile)
    assert users_from({"WAYPOST_USERS": users}) is not None
    assert "--require-hashes" in dockerfile


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.image], ids=lambda function: function.name)
def test_a_functions_image_runs_its_handler_and_nobody_in_it_is_root(function: Function) -> None:
    dockerfile = (ROOT / f"functions/{function.name}/Dockerfile").read_text()
    assert f'CMD ["{function.handler}"]' in dockerfile
    *_, user = re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE)
    assert user == "10001:10001"
    assert "--require-hashes" in dockerfile
