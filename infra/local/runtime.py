"""Runs one function of the blueprint as Lambda would: its environment, its context, its events and answers as JSON."""

import importlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.blueprint import FUNCTIONS, Function

type Event = dict[str, Any]
type Handler = Callable[[Event, "LambdaContext"], Any]

REGION = "local"
ACCOUNT = "000000000000"
MAX_ANSWER_BYTES = 6 * 1024 * 1024  # Lambda's limit of a synchronous answer


class UnusableAnswer(Exception):
    """The handler answered with something that Lambda could not hand on."""


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What Lambda hands a handler beside the event."""

    function_name: str
    memory_limit_in_mb: int
    deadline: float  # by the monotonic clock
    aws_request_id: str
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None

    @property
    def invoked_function_arn(self) -> str:
        return function_arn(self.function_name)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self.deadline - time.monotonic()) * 1000))


class LocalFunction:
    """A function that can be called. Its handler is imported at the first call, as at a cold start."""

    def __init__(self, function: Function, handler: Handler | None = None) -> None:
        self.function = function
        self._handler = handler
        self._loading = threading.Lock()

    def __call__(self, event: Event) -> Any:
        """The handler's answer, having crossed the wire as JSON. What the handler raises passes through."""
        function = self.function
        context = LambdaContext(
            function_name=function.name,
            memory_limit_in_mb=function.memory_mb,
            deadline=time.monotonic() + function.timeout_seconds,
            aws_request_id=str(uuid.uuid4()),
        )
        return _over_the_wire(function.name, self.load()(event, context))

    def load(self) -> Handler:
        with self._loading:
            if self._handler is None:
                self._handler = load_handler(self.function.handler)
            return self._handler


def load_handler(name: str) -> Handler:
    """Import `package.module.function` with functions/ as the root, which the editable install puts on the path."""
    module, _, attribute = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return handler


def local_functions() -> dict[str, LocalFunction]:
    """Every function of the blueprint by name, none of them loaded yet."""
    return {function.name: LocalFunction(function) for function in FUNCTIONS}


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def lambda_environment(home: Path, *, whatsapp_url: str) -> Mapping[str, str]:
    """The variables that the cloud's stack would set, for handlers that share one process."""
    stage = os.environ.get("WAYPOST_STAGE", _stage(whatsapp_url))
    return {
        "WAYPOST_ENGINE": os.environ.get("WAYPOST_ENGINE", "embedded"),
        "WAYPOST_HOME": str(home),
        "WAYPOST_STAGE": stage,
        "WAYPOST_WHATSAPP_URL": whatsapp_url,
        "WAYPOST_ALLOW_PRIVATE_TARGETS": "1",  # a webhook's receiver stands on this machine, too
        # Whoever may fetch from this machine sees what it shows to nobody else: only while developing.
        "WAYPOST_ALLOW_PRIVATE_SOURCES": os.environ.get("WAYPOST_ALLOW_PRIVATE_SOURCES", "01"[stage == "dev"]),
        "POWERTOOLS_SERVICE_NAME": "waypost",
        "POWERTOOLS_METRICS_NAMESPACE": "Waypost",
        "POWERTOOLS_METRICS_DISABLED": "true",  # metrics are log lines for CloudWatch, which nobody reads here
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "AWS_REGION": os.environ.get("AWS_REGION", REGION),
    }


def _stage(whatsapp_url: str) -> str:
    """Limits are relaxed towards a WhatsApp on this machine only: nobody's real account is at risk by default."""
    return "dev" if urlsplit(whatsapp_url).hostname in ("127.0.0.1", "localhost", "::1") else "local"


def _over_the_wire(name: str, answer: Any) -> Any:
    try:
        text = json.dumps(answer)
    except (TypeError, ValueError) as error:
        raise UnusableAnswer(f"{name}: the answer is not JSON ({error})") from error
    if len(text) > MAX_ANSWER_BYTES:
        raise UnusableAnswer(f"{name}: the answer has {len(text)} bytes, Lambda's limit is {MAX_ANSWER_BYTES}")
    return json.loads(text)
