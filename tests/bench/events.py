"""A client that follows a session by WebSocket in a thread, and notes when it heard that a message was sent."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.bench.stage import Stage


@contextmanager
def following(waypost: Stage) -> Iterator[dict[str, float]]:
    """Milliseconds since the epoch by our id of the message."""
    url = waypost.house.status["url"].replace("http", "ws", 1) + "/v1/ws"
    headers = {"x-api-key": waypost.house.status["api_key"]}
    sent: dict[str, float] = {}
    with connect(url, additional_headers=headers, proxy=None) as socket:
        socket.send(json.dumps({"action": "subscribe", "session_id": waypost.sessions[0]}))
        socket.recv(20)  # that it is subscribed
        thread = threading.Thread(target=_listen, args=(socket, sent), daemon=True)
        thread.start()
        yield sent


def _listen(socket: ClientConnection, sent: dict[str, float]) -> None:
    try:
        for frame in socket:
            now = time.time() * 1000
            event = json.loads(frame)
            if str(event.get("type")).endswith("message_sent"):
                sent.setdefault(event["data"]["message_id"], now)
    except ConnectionClosed:
        return
