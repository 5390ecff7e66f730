"""The Push port on the local gateway: HTTP to `{push_url}/@connections/{id}`, one kept connection a thread."""

import contextlib
import http.client
import json
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from waypost.errors import NetworkError, NotFound, StorageError, Throttled, TooLarge

MAX_BYTES = 128 * 1024  # API Gateway's limit of one message
TIMEOUT_SECONDS = 10.0
GATEWAY_FILE = "gateway.json"  # written by the gateway when it starts


@dataclass(frozen=True, slots=True)
class Gateway:
    host: str
    port: int
    path: str
    token: str


class _Line:
    """A thread's connection to the gateway it read about. Closes with its thread."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.http = http.client.HTTPConnection(gateway.host, gateway.port, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        self.http.close()

    __del__ = close


class EmbeddedPush:
    def __init__(self, home: Path) -> None:
        self._file = home / GATEWAY_FILE
        self._local = threading.local()
        self._lines: weakref.WeakSet[_Line] = weakref.WeakSet()

    def post(self, connection_id: str, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise TooLarge(f"a push is larger than {MAX_BYTES} bytes")
        _raise_for(self._request("POST", connection_id, data))

    def close(self, connection_id: str) -> None:
        """Closing what is gone is no error."""
        status = self._request("DELETE", connection_id, None)
        if status != http.client.GONE:
            _raise_for(status)

    def hang_up(self) -> None:
        """Close every thread's connection to the gateway."""
        for line in list(self._lines):
            line.close()

    def _request(self, method: str, connection_id: str, data: bytes | None) -> int:
        """One try on the kept connection; if it broke, one on a new connection to where the gateway is now."""
        line: _Line | None = getattr(self._local, "line", None)
        if line is not None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = _exchange(line, method, connection_id, data)
                if status != http.client.FORBIDDEN:  # else it was started anew on the same port, with a new token
                    return status
            line.close()
        line = self._local.line = _Line(self._gateway())
        self._lines.add(line)
        try:
            return _exchange(line, method, connection_id, data)
        except (OSError, http.client.HTTPException) as error:
            line.close()
            del self._local.line
            raise NetworkError("the gateway does not answer") from error

    def _gateway(self) -> Gateway:
        try:
            stated = json.loads(self._file.read_bytes())
            url = urlsplit(stated["push_url"])
            return Gateway(url.hostname or "127.0.0.1", url.port or 80, url.path.rstrip("/"), stated["push_token"])
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise NetworkError("no gateway runs here", mend="Run `waypost up`.") from error


def _exchange(line: _Line, method: str, connection_id: str, data: bytes | None) -> int:
    gateway = line.gateway
    path = f"{gateway.path}/@connections/{quote(connection_id, safe='')}"
    line.http.request(method, path, body=data, headers={"Authorization": f"Bearer {gateway.token}"})
    response = line.http.getresponse()
    response.read()
    return response.status


def _raise_for(status: int) -> None:
    if status == http.client.GONE:
        raise NotFound("the connection is gone")
    if status == http.client.TOO_MANY_REQUESTS:
        raise Throttled("the connection takes no more for now")
    if status == http.client.REQUEST_ENTITY_TOO_LARGE:
        raise TooLarge(f"a push is larger than {MAX_BYTES} bytes")
    if status >= http.client.BAD_REQUEST:
        raise StorageError(f"the gateway answered {status}")
