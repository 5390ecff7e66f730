"""Synthesised templates as a test wants to read them: by stage, with references between things resolved."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.blueprint import Queue
from infra.settings import Settings

type Props = dict[str, Any]
type Allowed = tuple[str, str, str]  # action, resource, conditions as JSON


@dataclass(frozen=True)
class Cloud:
    """One stage. `data` and `service` are its two templates."""

    settings: Settings
    data: Mapping[str, Any]
    service: Mapping[str, Any]

    @classmethod
    def read(cls, settings: Settings, folder: Path) -> "Cloud":
        data, service = (
            json.loads(next(folder.glob(f"*{stack}*.template.json")).read_text()) for stack in ("data", "service")
        )
        return cls(settings, data, service)

    def of_type(self, kind: str) -> dict[str, Props]:
        """Properties of all resources of a type in both stacks, by logical id, resolved."""
        return {name: self.resolve(resource.get("Properties", {})) for name, resource in self.resources(kind)}

    def resources(self, kind: str) -> Iterator[tuple[str, Props]]:
        for template in (self.data, self.service):
            for name, resource in template["Resources"].items():
                if resource["Type"] == kind:
                    yield name, resource

    def named(self, kind: str, attribute: str, thing: str) -> Props:
        """The one resource whose name is that of a thing of the blueprint."""
        name = self.settings.name(thing)
        (found,) = (props for props in self.of_type(kind).values() if props[attribute] in (name, f"{name}.fifo"))
        return found

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.settings.region}:{self.settings.account}:{rest}"

    def queue(self, queue: Queue, *, dead: bool = False) -> str:
        """The ARN; of a queue that is made per session, the pattern."""
        if queue.per_session:
            return self.arn("sqs", f"{self.settings.name(queue.name)}-*")
        return self.arn(
            "sqs", self.settings.name(queue.name) + ("-dead" if dead else "") + (".fifo" if queue.fifo else "")
        )

    def key(self, name: str) -> str:
        """A KMS key's ARN as `resolve` shows it."""
        aliases = self.of_type("AWS::KMS::Alias").values()
        (target,) = (a["TargetKeyId"] for a in aliases if a["AliasName"] == f"alias/{self.settings.name(name)}")
        return str(target)

    def allowed(self, role: str) -> set[Allowed]:
        """What the managed policies of a role allow, one entry for each action on each resource."""
        return {
            (action, resource, json.dumps(statement.get("Condition", {}), sort_keys=True))
            for policy in self.of_type("AWS::IAM::ManagedPolicy").values()
            if role in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }

    def resolve(self, value: Any) -> Any:
        """`Fn::Join` joined, pseudo parameters filled in, exports followed; a reference is `<logical id>`, its
        attribute `<logical id>.Attribute`."""
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Fn::Join": [separator, parts]}:
                return separator.join(str(self.resolve(part)) for part in parts)
            case {"Ref": name}:
                return self._pseudo.get(name, f"<{name}>")
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{name}>.{attribute}"
            case {"Fn::ImportValue": export}:
                outputs = self.data["Outputs"].values()
                return self.resolve(next(o["Value"] for o in outputs if o["Export"]["Name"] == export))
        return {name: self.resolve(each) for name, each in value.items()}

    @cached_property
    def _pseudo(self) -> dict[str, str]:
        return {
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::Region": self.settings.region,
            "AWS::AccountId": self.settings.account,
            "AWS::StackName": "stack",
        }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(document: Props) -> list[Props]:
    return listed(document["Statement"])
