"""Which addresses a webhook may go to, and a file be fetched from: the public internet, never our own network.

A URL can be checked when it is stored (`check_url`), but a name may mean another address by the time of the post. So
what counts is `checked_addresses`, asked at every new connection, which then goes to the address that was checked.
A name server that says nothing cannot hold a delivery up: `in_time` stops waiting for it.
"""

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from waypost.errors import NetworkError, ValidationError

# Name and port to addresses as text, best first.
type Resolve = Callable[[str, int], list[str]]
type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

RESOLVE_SECONDS = 4.0
_ASKED_AT_ONCE = 32
_asked = threading.BoundedSemaphore(_ASKED_AT_ONCE)
_MEND = "Give an https:// URL whose host is on the public internet."
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Not all of these are private by the registry's word, but each leads into a network, or through a tunnel.
_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # a cloud's metadata service on a public address
            "::/96",  # IPv4 inside IPv6, the old form
            "::ffff:0:0/96",  # IPv4-mapped
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
        ),
    )
)


def check_url(url: str, *, allow_private: bool) -> None:
    """Raises ValidationError `webhook_target_refused` when no address could make this URL a fit target. Asks no DNS."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refused("The webhook's URL is malformed.") from None
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise _refused("A webhook goes to an https:// URL.")
    if not host or parts.username is not None or parts.password is not None:
        raise _refused("A webhook's URL needs a host, and no user name or password.")
    try:
        literal = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not allow_private and not is_public(literal):
        raise _refused("A webhook cannot go to a private address.")


def checked_addresses(host: str, port: int, *, allow_private: bool, resolve: Resolve) -> list[str]:
    """Where to connect for this host. Raises ValidationError `webhook_target_refused` when any address is private.

    One private address among public ones refuses them all: no honest name has such a mixture.
    """
    addresses = resolve(host, port)
    if not addresses:
        raise NetworkError("The webhook's host has no address.", code="webhook_host_unknown")
    if not allow_private and not all(is_public(_parse(address)) for address in addresses):
        raise _refused("A webhook cannot go to a private address.")
    return addresses


def is_public(address: Address) -> bool:
    """Whether an address is of the public internet: not loopback, private, link-local, shared, multicast, reserved,
    unspecified, a metadata service or a form that hides an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve_by_system(host: str, port: int) -> list[str]:
    """Raises NetworkError `webhook_host_unknown`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NetworkError("The webhook's host name does not resolve.", code="webhook_host_unknown") from None
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def in_time(resolve: Resolve, seconds: float) -> Resolve:
    """`resolve` with a time bound. The system's own call knows none, so it is left behind in its thread; at most
    _ASKED_AT_ONCE of them, and who gets no thread in that time is refused as well.

    Raises NetworkError `webhook_host_unknown` when there is no answer in time, and whatever `resolve` raises.
    """

    def ask(host: str, port: int) -> list[str]:
        ends = time.monotonic() + seconds
        turns = _asked
        if not turns.acquire(timeout=seconds):
            raise _no_answer()
        found: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()
        threading.Thread(target=_ask, args=(resolve, host, port, found, turns), name="resolver", daemon=True).start()
        try:
            answer = found.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            raise _no_answer() from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def _ask(
    resolve: Resolve, host: str, port: int, found: "queue.SimpleQueue[list[str] | Exception]",
    turns: threading.BoundedSemaphore,
) -> None:  # fmt: skip
    try:
        found.put(resolve(host, port))
    except Exception as error:
        found.put(error)
    finally:
        turns.release()


def _no_answer() -> NetworkError:
    return NetworkError("The webhook's host name did not resolve in time.", code="webhook_host_unknown")


def _parse(address: str) -> Address:
    return ipaddress.ip_address(address.partition("%")[0])


def _refused(message: str) -> ValidationError:
    return ValidationError(message, field="url", mend=_MEND, code="webhook_target_refused")
