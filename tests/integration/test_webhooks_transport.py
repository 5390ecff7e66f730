"""A webhook's connection goes to the address that was checked, whatever the name means a moment later."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from waypost.errors import NetworkError, ValidationError
from waypost.services.webhook_transport import READ_AT_MOST, WebhookTransport

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Answers each request on a connection with the same bytes, slowly if told to."""

    def __init__(self, answer: bytes = OK, *, tls: ssl.SSLContext | None = None, drip_seconds: float = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.answer = answer
        self.connections = 0
        self.requests = 0
        self._tls = tls
        self._drip = drip_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            self._thread.join()
        self.listener.close()

    def _accept(self) -> None:
        serving = []
        while True:
            connection, _ = self.listener.accept()
            if self._stopping.is_set():
                connection.close()
                break
            self.connections += 1
            serving.append(threading.Thread(target=self._serve, args=(connection,)))
            serving[-1].start()
        for thread in serving:
            thread.join()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        try:
            if self._tls is not None:
                connection.settimeout(2)
                connection = self._tls.wrap_socket(connection, server_side=True)
                connection.settimeout(0.05)
            while not self._stopping.is_set():
                self._exchange(connection)
        except OSError:
            pass  # the client has left
        finally:
            connection.close()

    def _exchange(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n{}"):  # every test posts this body
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                if self._stopping.is_set():
                    return
                continue
            if not piece:
                raise ConnectionResetError
            request += piece
        self.requests += 1
        if not self._drip:
            connection.sendall(self.answer)
            return
        for byte in self.answer:
            if self._stopping.wait(self._drip):
                return
            connection.sendall(bytes([byte]))


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: object, **more: object) -> Server:
        servers.append(Server(*args, **more))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@contextmanager
def transport(
    addresses: list[list[str]], *, allow_private: bool, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[WebhookTransport, list[str]]]:
    """One whose resolver gives the next list at each question, and notes the names that it was asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return addresses[min(len(asked), len(addresses)) - 1]

    made = WebhookTransport(allow_private=allow_private, resolve=resolve, tls=tls)
    try:
        yield made, asked
    finally:
        made.close()


def refuse_sockets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    opened: list[object] = []

    def create(address: object, *_: object, **__: object) -> socket.socket:
        opened.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create)
    return opened


def test_a_name_that_becomes_private_is_refused_and_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = refuse_sockets(monkeypatch)
    with transport([["8.8.8.8"], ["169.254.169.254"]], allow_private=False) as (made, _):
        with pytest.raises(NetworkError):
            made.post("https://rebind.example/", {}, b"{}", timeout=2)
        with pytest.raises(ValidationError) as caught:
            made.post("https://rebind.example/", {}, b"{}", timeout=2)
    assert caught.value.code == "webhook_target_refused"
    assert opened == [("8.8.8.8", 443)]


def test_the_checked_address_is_connected_to_and_the_name_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = refuse_sockets(monkeypatch)
    with (
        transport([["93.184.216.34"], ["127.0.0.1"]], allow_private=False) as (made, asked),
        pytest.raises(NetworkError),
    ):
        made.post("https://rebind.example/", {}, b"{}", timeout=2)
    assert asked == ["rebind.example"]
    assert opened == [("93.184.216.34", 443)]


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "http://hooks.example/"])
def test_private_literals_and_plain_http_are_refused_before_any_question(url: str) -> None:
    with transport([["8.8.8.8"]], allow_private=False) as (made, asked), pytest.raises(ValidationError):
        made.post(url, {}, b"{}", timeout=2)
    assert asked == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_odd_spellings_of_loopback_are_refused(host: str) -> None:
    made = WebhookTransport(allow_private=False)
    with pytest.raises(ValidationError):
        made.post(f"https://{host}/", {}, b"{}", timeout=2)
    made.close()


def test_a_kept_connection_is_used_again(serve: Callable[..., Server]) -> None:
    server = serve()
    with transport([["127.0.0.1"], ["10.0.0.1"]], allow_private=True) as (made, asked):
        for _ in range(3):
            assert made.post(f"http://hooks.example:{server.port}/", {}, b"{}", timeout=2) == (200, None)
    assert (server.connections, server.requests, asked) == (1, 3, ["hooks.example"])


def test_a_silent_address_gives_the_next_its_chance(serve: Callable[..., Server]) -> None:
    server = serve()
    with transport([["127.0.0.2", "127.0.0.1"]], allow_private=True) as (made, _):
        assert made.post(f"http://hooks.example:{server.port}/", {}, b"{}", timeout=2)[0] == 200


def test_redirects_are_answers(serve: Callable[..., Server]) -> None:
    private = serve()
    redirect = f"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{private.port}/\r\ncontent-length: 0\r\n\r\n"
    server = serve(redirect.encode())
    with transport([["127.0.0.1"]], allow_private=True) as (made, _):
        assert made.post(f"http://hooks.example:{server.port}/", {}, b"{}", timeout=2)[0] == 302
    assert private.requests == 0


def test_a_dripping_answer_ends_with_the_time_of_the_whole_post(serve: Callable[..., Server]) -> None:
    server = serve(drip_seconds=0.1)
    began = time.monotonic()
    with transport([["127.0.0.1"]], allow_private=True) as (made, _), pytest.raises(NetworkError):
        made.post(f"http://hooks.example:{server.port}/", {}, b"{}", timeout=0.5)
    assert time.monotonic() - began < 2


def test_a_huge_answer_is_not_read_to_its_end(serve: Callable[..., Server]) -> None:
    body = b"x" * (READ_AT_MOST * 20)
    server = serve(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (len(body) * 100) + body)
    with transport([["127.0.0.1"]], allow_private=True) as (made, _):
        assert made.post(f"http://hooks.example:{server.port}/", {}, b"{}", timeout=5)[0] == 200


def test_nonsense_is_a_network_error(serve: Callable[..., Server]) -> None:
    server = serve(b"SSH-2.0-OpenSSH\r\n\r\n")
    with transport([["127.0.0.1"]], allow_private=True) as (made, _), pytest.raises(NetworkError):
        made.post(f"http://hooks.example:{server.port}/", {}, b"{}", timeout=2)


def test_tls_verifies_the_host_name_although_the_address_is_dialled(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    serving, trusting = certificate("hooks.example", tmp_path)
    server = serve(tls=serving)
    with transport([["127.0.0.1"]], allow_private=True, tls=trusting) as (made, _):
        assert made.post(f"https://hooks.example:{server.port}/", {}, b"{}", timeout=2)[0] == 200
        with pytest.raises(NetworkError):
            made.post(f"https://other.example:{server.port}/", {}, b"{}", timeout=2)
    assert server.requests == 1


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for this name and this address, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "both.pem")
    return serving, ssl.create_default_context(cadata=pem.decode())
