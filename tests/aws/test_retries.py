"""What the AWS engine asks again when an answer is lost, and what it never does; what its errors say."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from waypost.engines.aws.engine import AwsEngine, open_engine
from waypost.engines.aws.places import Places
from waypost.errors import StorageError, Throttled, TransactionConflict
from waypost.ports import Clause, Key, Put, Update, When

NEW = When.all(Clause("is new", "pk", "absent"))
LOST: tuple[int, dict[str, Any]] = (0, {})


class FakeDynamoDB(ThreadingHTTPServer):
    """Answers as told, in order; status 0 hangs up instead. Remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.asked: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: FakeDynamoDB

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, {})
        if status == 0:
            self.close_connection = True
            return
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def dynamodb() -> Iterator[FakeDynamoDB]:
    server = FakeDynamoDB()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def engine(dynamodb: FakeDynamoDB, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEngine]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    url = f"http://127.0.0.1:{dynamodb.server_port}"
    with open_engine(Places("eu-central-1", {"main": "t"}, {}, "", "", [], endpoints={"dynamodb": url})) as engine:
        yield engine


def test_a_transaction_whose_answer_is_lost_is_repeated_under_the_same_token(
    dynamodb: FakeDynamoDB, engine: AwsEngine
) -> None:
    dynamodb.answers = [LOST]
    engine.main.transact([Put({"pk": "P", "sk": "S"}, NEW)])
    engine.main.put({"pk": "P", "sk": "S"}, when=NEW)
    first, again, other = (asked["ClientRequestToken"] for asked in dynamodb.asked)
    assert first == again != other


def test_a_count_whose_answer_is_lost_is_not_repeated(dynamodb: FakeDynamoDB, engine: AwsEngine) -> None:
    for update in (Update(Key("P", "S"), add={"n": 1}), Update(Key("P", "S"), set={"n": 1}, when=NEW)):
        dynamodb.asked.clear()
        dynamodb.answers = [LOST]
        with pytest.raises(StorageError, match="may have been done"):
            engine.main.update(update)
        assert len(dynamodb.asked) == 1


def test_a_count_that_was_refused_is_repeated(dynamodb: FakeDynamoDB, engine: AwsEngine) -> None:
    refused = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "x"})
    dynamodb.answers = [refused, refused, (200, {"Attributes": {"n": {"N": "1"}}})]
    assert engine.main.update(Update(Key("P", "S"), add={"n": 1})) == {"n": 1}
    dynamodb.answers = [refused] * 10
    with pytest.raises(Throttled):
        engine.main.update(Update(Key("P", "S"), add={"n": 1}))


def test_a_conflict_weighs_more_than_a_condition_that_failed_beside_it(
    dynamodb: FakeDynamoDB, engine: AwsEngine
) -> None:
    """A read would tell nothing yet: whoever writes there at this moment is not done."""
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict", "Message": "secret"}]
    cancelled = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"}
    dynamodb.answers = [(400, {**cancelled, "CancellationReasons": reasons})]
    with pytest.raises(TransactionConflict) as caught:
        engine.main.transact([Put({"pk": "P", "sk": "S"}, NEW), Put({"pk": "P", "sk": "T"})])
    assert "secret" not in str(caught.value)


def test_an_error_says_its_code_and_nothing_that_was_sent(dynamodb: FakeDynamoDB, engine: AwsEngine) -> None:
    dynamodb.answers = [(400, {"__type": "x#AccessDeniedException", "message": "secret +4915112345602"})]
    with pytest.raises(StorageError) as caught:
        engine.main.put({"pk": "P", "sk": "S"})
    assert "AccessDeniedException" in str(caught.value)
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_opening_the_engine_imports_no_client() -> None:
    code = (
        "import sys\n"
        "from waypost.engines.aws.engine import open_engine\n"
        "from waypost.engines.aws.places import places_from\n"
        "open_engine(places_from({'AWS_REGION': 'x', 'WAYPOST_TABLE_MAIN': 't', 'WAYPOST_BUCKET_MEDIA': 'm'}))\n"
        "print([name for name in sys.modules if name.startswith(('boto', 'cryptography'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
