"""Where the parts of one machine listen: fixed ports when they are free, others when not. Loopback only."""

import random
import socket
from collections.abc import Mapping
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

    @property
    def ports(self) -> dict[str, int]:
        simulator = {} if self.simulator_port is None else {"simulator": self.simulator_port}
        return {"http": self.http_port, "https": self.https_port, **simulator}

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


# Below those that Linux gives to outgoing connections: one of these could sit on our port when we start again.
UNUSED_PORTS = range(20_000, 32_000)
_TRIES = 100


def choose(
    last: Mapping[str, int], *, http_port: int, https_port: int, simulator_port: int, whatsapp_url: str | None
) -> tuple[Addresses, list[str]]:
    """The addresses, and a sentence for each port that was taken. Port 0 takes a free one without a word.

    `last` holds the ports of the run before. They come first where the choice is ours: a browser keeps a linked device
    by the page's origin, so a simulator on another port is another WhatsApp, on which nothing is linked.
    """
    remarks: list[str] = []
    plain = _free(http_port, last.get("http"), remarks)
    secure = _free(https_port, last.get("https"), remarks)
    if whatsapp_url is not None:
        return Addresses(plain, secure, None, whatsapp_url), remarks
    simulator = _free(simulator_port, last.get("simulator"), remarks)
    if simulator != last.get("simulator", simulator):
        remarks.append("The simulated WhatsApp has moved to another port: its sessions must be linked again.")
    return Addresses(plain, secure, simulator, f"http://{HOST}:{simulator}/"), remarks


def _free(wanted: int, last: int | None, remarks: list[str]) -> int:
    known = [port for port in (wanted, last) if port]
    for port in (*known, *random.sample(UNUSED_PORTS, _TRIES)):
        try:
            with socket.create_server((HOST, port)) as found:
                chosen = int(found.getsockname()[1])
        except OSError:
            continue
        if wanted not in (0, chosen):
            remarks.append(f"Port {wanted} is taken by another program: using {chosen} instead.")
        return chosen
    raise OSError("no free port")
