"""What must hold for every template: rule packs, syntax, nothing looked up, nothing secret, nothing thrown away."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.cloud import Cloud
from tests.infra.conftest import Synthesis

PACKS = {"AwsSolutions", "Serverless", "NIST.800.53.R5"}
# W3005 is CDK's own habit of saying a dependency twice. W3010: zones are named on purpose, as looking them up takes
# the account's credentials.
IGNORED = ("W3005", "W3010")
SECRET = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN|wp_key_|(?i:password|secret|token)\"?\s*[:=]\s*\"[^\"]+\"")
STATEFUL = (
    "AWS::DynamoDB::GlobalTable",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::Backup::BackupVault",
    "AWS::EC2::EIP",
)


@pytest.fixture(scope="module")
def report(synthesis: Synthesis) -> dict[str, Any]:
    """The packs' findings by pack."""
    found = json.loads((synthesis.folder / "validation-report.json").read_text())
    return {plugin["pluginName"]: plugin for plugin in found["pluginReports"]}


def test_the_rule_packs_find_nothing(report: dict[str, Any]) -> None:
    assert set(report) >= PACKS
    assert {
        (violation["ruleName"], construct["constructPath"])
        for plugin in report.values()
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    } == set()


def test_every_exception_has_a_reason_and_names_one_rule(report: dict[str, Any]) -> None:
    suppressed = [(pack, found) for pack in PACKS for found in report[pack]["suppressedViolations"]]
    assert suppressed
    for pack, found in suppressed:
        assert len(found["reason"].split()) >= 5, found["ruleName"]
        assert found["acknowledgedId"] == f"{pack}::{found['ruleName']}"


def test_every_exception_is_still_needed(report: dict[str, Any]) -> None:
    used = {found["ruleName"].partition("[")[0] for pack in PACKS for found in report[pack]["suppressedViolations"]}
    sources = Path(__file__).parents[2].joinpath("infra/constructs").glob("*.py")
    written = {
        rule
        for source in sources
        if source.name != "exceptions.py"
        for rule in re.findall(rf'"((?:{"|".join(map(re.escape, PACKS))})-\w+)', source.read_text())
    }
    assert written == used


def test_templates_are_good_cloudformation(synthesis: Synthesis) -> None:
    """Dev and prod; staging is made of the same parts. Beside this process, as the linter is a program of its own."""
    templates = [str(path) for stage in ("dev", "prod") for path in _templates(synthesis.folder / f"assembly-{stage}")]
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", *IGNORED, "--", *templates],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("", 0)


def test_nothing_is_looked_up(synthesis: Synthesis) -> None:
    for path in synthesis.folder.rglob("*.json"):
        if path.name == "manifest.json" or path in _templates(path.parent):
            assert "dummy" not in path.read_text(), path
        if path.name == "manifest.json":
            assert not json.loads(path.read_text()).get("missing"), path


def test_nothing_secret_is_in_a_template(synthesis: Synthesis) -> None:
    for path in _templates(synthesis.folder):
        assert not SECRET.findall(path.read_text()), path


def test_stacks_share_keys_and_addresses_only(cloud: Cloud) -> None:
    """Anything else would tie their next changes together: an export that is used cannot change."""
    exported = {json.dumps(output["Value"]) for output in cloud.data.get("Outputs", {}).values()}
    assert exported
    for value in exported:
        assert "key" in value or "Address" in value, value


def test_what_is_kept_in_production_survives_its_stack(prod: Cloud) -> None:
    for kind in STATEFUL:
        for name, resource in prod.resources(kind):
            policies = {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")}
            assert policies <= {"Retain", "RetainExceptOnCreate"}, name
    for table in prod.of_type("AWS::DynamoDB::GlobalTable").values():
        assert all(replica["DeletionProtectionEnabled"] is True for replica in table["Replicas"])


def test_nothing_is_kept_in_development(dev: Cloud) -> None:
    assert not [name for kind in STATEFUL for name, r in dev.resources(kind) if r.get("DeletionPolicy") == "Retain"]


def test_stateful_things_are_in_the_data_stack_only(cloud: Cloud) -> None:
    types = {resource["Type"] for resource in cloud.service["Resources"].values()}
    assert not types & {*STATEFUL, "AWS::SQS::Queue"}


def test_logs_end_and_are_encrypted(cloud: Cloud) -> None:
    for group in cloud.of_type("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == cloud.settings.log_days
        assert group["KmsKeyId"] == cloud.key("storage")


def test_objects_travel_and_lie_encrypted(cloud: Cloud) -> None:
    for bucket in cloud.of_type("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        drop = "NotificationConfiguration" in bucket
        assert bucket.get("VersioningConfiguration") == (None if drop else {"Status": "Enabled"})
    policies = [str(policy) for policy in cloud.of_type("AWS::S3::BucketPolicy").values()]
    assert len(policies) == len(cloud.of_type("AWS::S3::Bucket"))
    assert all("aws:SecureTransport" in policy and "s3:TlsVersion" in policy for policy in policies)


def test_every_alarm_reaches_the_contact(cloud: Cloud) -> None:
    (topic,) = cloud.of_type("AWS::SNS::Topic")
    alarms = cloud.of_type("AWS::CloudWatch::Alarm").values()
    ours = [alarm for alarm in alarms if alarm.get("AlarmName", "").startswith("waypost-")]
    assert ours
    assert all(alarm["AlarmActions"] == [f"<{topic}>"] for alarm in ours)
    assert all(alarm["AlarmDescription"].startswith(("critical: ", "warning: ")) for alarm in ours)
    watched = {d["Value"] for alarm in ours for d in alarm["Dimensions"] if d["Name"] == "QueueName"}
    dead = {q["QueueName"] for q in cloud.of_type("AWS::SQS::Queue").values() if "-dead" in q["QueueName"]}
    assert watched >= dead
    (subscription,) = cloud.of_type("AWS::SNS::Subscription").values()
    assert subscription["Endpoint"] == cloud.settings.contact


def test_the_same_blueprint_gives_the_same_things_everywhere(synthesis: Synthesis) -> None:
    """Environments differ in numbers, not in kinds: but for zones and what is kept warm."""
    kinds = {
        name: {resource["Type"] for template in (c.data, c.service) for resource in template["Resources"].values()}
        for name, c in synthesis.clouds.items()
    }
    assert kinds["dev"] == kinds["staging"]
    assert kinds["prod"] - kinds["dev"] == {"AWS::Lambda::Alias", "AWS::Lambda::Version"}


def _templates(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.template.json"))
