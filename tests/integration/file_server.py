"""A server of files on loopback whose answers a test writes byte by byte, with or without TLS."""

import contextlib
import socket
import ssl
import threading


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "content_length" not in headers and "transfer_encoding" not in headers:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class FileServer:
    """`pages` says what each path is answered with, one answer after the other, the last again and again; `asked` are
    the requests as they came."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, drip_seconds: float = 0) -> None:
        self.pages: dict[str, list[bytes]] = {}
        self.asked: list[str] = []
        self.stopping = threading.Event()
        self._tls, self._drip = tls, drip_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        serving = []
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            serving.append(threading.Thread(target=self._serve, args=(connection,)))
            serving[-1].start()
        for thread in serving:
            thread.join()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        try:
            connection = plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            return
        with connection, contextlib.suppress(OSError):  # when the client has left
            self._exchange(connection)

    def _exchange(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        self.asked.append(request.decode())
        waiting = self.pages.get(request.split(b" ")[1].decode(), [answer(status="404 Not Found")])
        told = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if not self._drip:
            connection.sendall(told)
            return
        for byte in told:
            if self.stopping.wait(self._drip):
                return
            connection.sendall(bytes([byte]))
