"""The Push port on API Gateway's `@connections`."""

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.failures import ours
from waypost.errors import NetworkError, NotFound, Throttled, TooLarge, WaypostError

MAX_BYTES = 128 * 1024  # API Gateway's limit of one message
_WHAT = "the WebSocket API"


class AwsPush:
    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def post(self, connection_id: str, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise TooLarge(f"a push is larger than {MAX_BYTES} bytes")
        self._check_named()
        with ours(_WHAT, _special):
            self._clients.push().post_to_connection(ConnectionId=connection_id, Data=data)

    def close(self, connection_id: str) -> None:
        """Closing what is gone is no error."""
        self._check_named()
        try:
            with ours(_WHAT, _special):
                self._clients.push().delete_connection(ConnectionId=connection_id)
        except NotFound:
            return

    def _check_named(self) -> None:
        if not self._url:
            raise NetworkError("this process was not told where the WebSocket API is (WAYPOST_PUSH_URL)")


def _special(code: str) -> WaypostError | None:
    """API Gateway gives a code, or only the status."""
    if code in ("GoneException", "410"):
        return NotFound("the connection is gone")
    if code in ("LimitExceededException", "429"):
        return Throttled("the connection takes no more for now")
    if code in ("PayloadTooLargeException", "413"):
        return TooLarge(f"a push is larger than {MAX_BYTES} bytes")
    return None
