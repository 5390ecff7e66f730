"""Where the parts of one machine listen: fixed ports when they are free, others when not. Loopback only."""

import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
HTTP_PORT, HTTPS_PORT, SIMULATOR_PORT = 8080, 8443, 8900


@dataclass(frozen=True, slots=True)
class Addresses:
    http_port: int
    https_port: int
    simulator_port: int | None  # None: the real WhatsApp, or a simulator that runs elsewhere
    whatsapp_url: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def https_url(self) -> str:
        return f"https://{HOST}:{self.https_port}"

    @property
    def websocket_url(self) -> str:
        return f"wss://{HOST}:{self.https_port}/v1/ws"

    @property
    def simulator_url(self) -> str | None:
        return None if self.simulator_port is None else f"http://{HOST}:{self.simulator_port}"

    def as_json(self) -> dict[str, str | None]:
        simulator = self.simulator_url
        return {
            "url": self.url,
            "https_url": self.https_url,
            "websocket_url": self.websocket_url,
            "docs_url": f"{self.url}/docs",
            "whatsapp_url": self.whatsapp_url,
            "simulator_url": simulator,
            "person_page": simulator and f"{simulator}/phone",
        }


def choose(
    *, http_port: int, https_port: int, simulator_port: int, whatsapp_url: str | None
) -> tuple[Addresses, list[str]]:
    """The addresses, and a sentence for each port that was taken. Port 0 takes a free one without a word."""
    remarks: list[str] = []
    plain, secure = _free(http_port, remarks), _free(https_port, remarks)
    if whatsapp_url is not None:
        return Addresses(plain, secure, None, whatsapp_url), remarks
    simulator = _free(simulator_port, remarks)
    return Addresses(plain, secure, simulator, f"http://{HOST}:{simulator}/"), remarks


def _free(wanted: int, remarks: list[str]) -> int:
    try:
        with socket.create_server((HOST, wanted)) as found:
            return int(found.getsockname()[1])
    except OSError:
        port = _free(0, remarks)
        remarks.append(f"Port {wanted} is taken by another program: using {port} instead.")
        return port
