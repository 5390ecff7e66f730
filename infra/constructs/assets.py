"""The code that is deployed: what `python -m infra.lambda_assets` built, and the worker's image from its Dockerfile.

What was not built is taken as it lies in `functions/`. That is enough to synthesise a template and to test it, but
it would not run; `infra.app` says so.
"""

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from infra.blueprint import FUNCTIONS, Function, Task

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build/lambda"


@dataclass(frozen=True, slots=True)
class Assets:
    """`built` is the folder with one folder a function; None takes the plain source."""

    built: Path | None = None

    @classmethod
    def found(cls) -> "Assets":
        return cls(BUILT if is_built(BUILT) else None)

    def code(self, function: Function) -> lambda_.Code:
        """Of an image, too: it needs Docker when it is deployed, not before."""
        if function.image:
            return lambda_.Code.from_asset_image(
                str(ROOT), file=f"functions/{function.name}/Dockerfile", platform=ecr_assets.Platform.LINUX_ARM64
            )
        if self.built is not None:
            return lambda_.Code.from_asset(str(self.built / function.name))
        return lambda_.Code.from_asset(str(ROOT / "functions"), exclude=["**/__pycache__", "*.pyc"])

    def image(self, task: Task) -> ecs.ContainerImage:
        """What goes into it is in .dockerignore; needs Docker when it is deployed, not before."""
        return ecs.ContainerImage.from_asset(
            str(ROOT), file=f"containers/{task.name}/Dockerfile", platform=ecr_assets.Platform.LINUX_ARM64
        )


def is_built(folder: Path) -> bool:
    return all((folder / function.name / "waypost").is_dir() for function in FUNCTIONS if not function.image)
