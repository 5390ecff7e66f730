"""Pieces of the one-machine builder that need no process and no socket."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from infra.local.authorization import is_allowed
from infra.local.certificates import certificates, server_context
from infra.local.faults import describe
from infra.local.home import Home
from infra.local.outbox import Full, Outbox

ARN = "arn:aws:execute-api:local:000000000000:waypostapi/local/GET/v1/sessions"


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([("Allow", ARN)], True),
        ([("Allow", "*")], True),
        ([("Allow", "arn:aws:execute-api:*:*:waypostapi/local/*")], True),
        ([("Allow", ARN.replace("GET", "POST"))], False),
        ([("Allow", ARN.replace("v1", "v?"))], True),
        ([("Allow", "*"), ("Deny", ARN)], False),
        ([("Allow", "*"), ("Deny", "arn:other")], True),
        ([("Deny", "*")], False),
    ],
)
def test_a_policy_is_judged_as_in_the_cloud(statements: list[tuple[str, str]], allowed: bool) -> None:
    assert is_allowed([{"Effect": effect, "Resource": arn} for effect, arn in statements], ARN) is allowed


def test_an_arn_of_a_policy_is_no_regular_expression() -> None:
    assert not is_allowed([{"Effect": "Allow", "Resource": ["a.c"]}], "abc")


def test_certificates_are_made_once_and_keep_their_key_private(tmp_path: Path) -> None:
    first = certificates(tmp_path)
    made = first.certificate.read_bytes()
    assert certificates(tmp_path).certificate.read_bytes() == made
    assert first.key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*.key")] == ["server.key"]  # nothing can sign with the authority
    assert server_context(first).minimum_version >= ssl.TLSVersion.TLSv1_2


def test_certificates_that_do_not_fit_are_made_anew(tmp_path: Path) -> None:
    files = certificates(tmp_path)
    files.ca.write_bytes(certificates(tmp_path / "other").ca.read_bytes())
    anew = certificates(tmp_path)
    authority = x509.load_pem_x509_certificate(anew.ca.read_bytes())
    x509.load_pem_x509_certificate(anew.certificate.read_bytes()).verify_directly_issued_by(authority)


def test_files_of_a_home_are_its_owners(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    home.keep_api_key("wp_key")
    assert home.api_key == "wp_key"
    home.write_private("state.json", {"a": 1})
    assert home.read("state.json") == {"a": 1}
    (home.path / "state.json").write_text('{"half')
    assert home.read("state.json") is None
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert (home.path / "api-key").stat().st_mode & 0o777 == 0o600


async def test_an_outbox_gives_in_order_and_has_a_bound() -> None:
    outbox = Outbox(limit=10)
    outbox.put(b"x" * 20)  # nothing waits, so even a large one is taken
    with pytest.raises(Full):
        outbox.put(b"y")
    assert await outbox.first() == b"x" * 20
    outbox.sent()
    outbox.put(b"a" * 5)
    outbox.put(b"b" * 5)
    with pytest.raises(Full):
        outbox.put(b"c")
    assert await outbox.first() == b"aaaaa"
    outbox.sent()
    assert await outbox.first() == b"bbbbb"


def test_a_fault_is_its_type_and_its_places() -> None:
    def fail() -> None:
        raise ValueError("+12015550123 wrote: hello")

    with pytest.raises(ValueError, match="hello") as raised:
        fail()
    said = describe(raised.value)
    assert said.startswith("ValueError at tests/unit/test_local_pieces.py:")
    assert "in fail" in said
    assert "hello" not in said
