"""The gateway, whose consumers take a killed one's work over within seconds, where the cloud waits for minutes.

How long a file stays with who took it, and how long a queue hides what was taken, follows the largest file that may
come (ten minutes). What happens then is the same after fifteen seconds.
"""

from infra.local import consumers, serve
from media import handler
from waypost.errors import StorageError
from waypost.ports import Received
from waypost.services import media_fetching

TAKEN_SECONDS = 15


def make_hasty() -> None:
    handler.CLAIM_SECONDS = TAKEN_SECONDS
    media_fetching._CLAIM_MS = TAKEN_SECONDS * 1000

    def receive(self: consumers.Consumer) -> list[Received]:
        hidden = min(self._visibility, TAKEN_SECONDS)
        try:
            return self._queue.receive(
                limit=self._function.function.batch, wait_seconds=consumers.POLL_SECONDS, visibility_seconds=hidden
            )
        except StorageError:
            return []

    consumers.Consumer._receive = receive  # type: ignore[method-assign]  # the haste that this module is for


if __name__ == "__main__":
    make_hasty()
    serve.main()
