"""The CDK app: dev, staging and prod from the same blueprint, offline.

    CDK_OUTDIR=cdk.out python -m infra.app              all three
    npx aws-cdk@2.1148.1 deploy -c stage=dev "dev/*"    one of them

Each environment passes the rule packs AwsSolutions, Serverless and NIST 800-53 R5, or synthesis fails.
"""

import json
import sys
from pathlib import Path

import aws_cdk as cdk
import cdk_nag

from infra.constructs.assets import ROOT, Assets
from infra.settings import SETTINGS, Settings
from infra.stacks.data import DataStack
from infra.stacks.service import ServiceStack


def make_app(*, assets: Assets, outdir: Path | None = None) -> cdk.App:
    """The app, not yet synthesised. `outdir` is for runs without the CDK command line."""
    app = cdk.App(
        context=json.loads((ROOT / "cdk.json").read_text())["context"],
        outdir=None if outdir is None else str(outdir),
        analytics_reporting=False,
    )
    for settings in asked_for(app.node.try_get_context("stage")):
        add_stage(app, settings, assets)
    cdk.Validations.of(app).add_plugins(
        cdk_nag.AwsSolutionsChecks(app, verbose=True),
        cdk_nag.ServerlessChecks(app, verbose=True),
        cdk_nag.NIST80053R5Checks(app, verbose=True),
    )
    return app


def asked_for(stage: str | None) -> list[Settings]:
    """All, when the command line names none."""
    if stage is None:
        return list(SETTINGS.values())
    found = [settings for name, settings in SETTINGS.items() if name == stage]
    return found or sys.exit(f"There is no stage {stage!r}: {', '.join(SETTINGS)}.")


def add_stage(app: cdk.App, settings: Settings, assets: Assets) -> cdk.Stage:
    environment = cdk.Environment(account=settings.account, region=settings.region)
    stage = cdk.Stage(app, settings.stage, env=environment)
    # A network asks for the account's zones even when it is told which to take, and without an answer takes "dummy1a".
    key = f"availability-zones:account={settings.account}:region={settings.region}"
    stage.node.set_context(key, list(settings.zones))
    data = DataStack(stage, "data", settings=settings)
    service = ServiceStack(stage, "service", settings=settings, data=data, assets=assets)
    for stack in (data, service):
        cdk.Tags.of(stack).add("app", "waypost")
        cdk.Tags.of(stack).add("stage", settings.stage)
    return stage


def main() -> None:
    assets = Assets.found()
    if assets.built is None:
        sys.stderr.write("The functions are not built, so this cannot be deployed: python -m infra.lambda_assets\n")
    make_app(assets=assets).synth()


if __name__ == "__main__":
    main()
