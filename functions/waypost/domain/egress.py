"""The way out of a session: which proxies can be used, and when a session must have one (decision 15)."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from waypost.errors import ValidationError

_PORTS = {"http": 80, "https": 443, "socks5": 1080}
MAX_SERVER = 300
MAX_SECRET = 255  # what SOCKS5 has room for (RFC 1929)


@dataclass(frozen=True, slots=True)
class Proxy:
    """`server` as `scheme://host:port`. Name and password stay out of `repr`."""

    server: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        return urlsplit(self.server).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.server).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.server).port or _PORTS[self.scheme]

    def as_shown(self) -> dict[str, Any]:
        """What may be told of it."""
        return {"server": self.server, "has_credentials": self.username is not None}


def proxy_of(server: str, username: str | None, password: str | None) -> Proxy:
    """Raises ValidationError `invalid_proxy`, whose text never repeats what was given."""
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError:
        raise _wrong("The proxy's address cannot be read.") from None
    if parts.scheme not in _PORTS or not parts.hostname or not server.isascii() or not server.isprintable():
        raise _wrong("A proxy speaks http, https or socks5.")
    if parts.username is not None or parts.password is not None:
        raise _wrong("Name and password do not belong in the address.", "Give them as username and password.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or port == 0 or " " in server:
        raise _wrong("A proxy's address ends with its port.")
    if (username is None) != (password is None):
        raise _wrong("Name and password go together.", "Give both, or none.", field_="identity.proxy.username")
    if any(len(text.encode()) > MAX_SECRET or not text.isprintable() for text in (username or "", password or "")):
        raise _wrong(
            "The name or the password is too long.", "Use at most 255 bytes.", field_="identity.proxy.username"
        )
    if username is not None and (not username or ":" in username):
        raise _wrong("A name has no colon, and is not empty.", "Check it.", field_="identity.proxy.username")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Proxy(f"{parts.scheme}://{host}:{port or _PORTS[parts.scheme]}", username, password)


def _wrong(
    message: str, mend: str = "Give it as http://proxy.example:3128.", *, field_: str = "identity.proxy.server"
) -> ValidationError:
    return ValidationError(message, field=field_, mend=mend, code="invalid_proxy")
