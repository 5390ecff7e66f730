"""Webhooks go to the public internet only."""

import ipaddress
import threading
import time

import pytest

from waypost.errors import NetworkError, ValidationError
from waypost.services import targets
from waypost.services.targets import check_url, checked_addresses, in_time, is_public

REFUSED = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.216.34",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
]
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_of_networks_are_refused(address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        checked_addresses("hooks.example", 443, allow_private=False, resolve=lambda host, port: [address])
    assert caught.value.code == "webhook_target_refused"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    found = checked_addresses("hooks.example", 443, allow_private=False, resolve=lambda host, port: [address])
    assert found == [address]


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(ValidationError):
        checked_addresses("h.example", 443, allow_private=False, resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_a_name_without_an_address_is_a_network_error() -> None:
    with pytest.raises(NetworkError):
        checked_addresses("h.example", 443, allow_private=True, resolve=lambda host, port: [])


def test_one_machine_may_allow_private_addresses() -> None:
    assert checked_addresses("h", 80, allow_private=True, resolve=lambda host, port: ["127.0.0.1"]) == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "https:///path",
        "https://user:word@hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "https://hooks.example:99999/",
        "https://[broken/",
        "hooks.example/path",
        "",
    ],
)
def test_urls_that_cannot_be_targets_are_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_url(url, allow_private=False)
    assert caught.value.code == "webhook_target_refused"
    assert caught.value.field == "url"


@pytest.mark.parametrize("url", ["https://hooks.example/x?y=1", "https://8.8.8.8:8443/"])
def test_public_urls_pass(url: str) -> None:
    check_url(url, allow_private=False)


def test_http_passes_where_private_targets_are_allowed() -> None:
    check_url("http://127.0.0.1:8000/hook", allow_private=True)


def test_a_name_server_that_says_nothing_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_asked", threading.BoundedSemaphore(2))
    answer_now = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        answer_now.wait(10)
        return ["8.8.8.8"]

    began = time.monotonic()
    for _ in range(4):  # two in their threads, and two that get none
        with pytest.raises(NetworkError) as caught:
            in_time(silent, 0.05)("slow.example", 443)
        assert caught.value.code == "webhook_host_unknown"
    assert time.monotonic() - began < 2
    answer_now.set()
    assert in_time(silent, 5)("slow.example", 443) == ["8.8.8.8"]  # the threads have come back


def test_what_resolving_raises_is_raised() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise NetworkError("unknown", code="webhook_host_unknown")

    with pytest.raises(NetworkError, match="unknown"):
        in_time(unknown, 5)("h.example", 443)
