"""What runs on a home and how it is: `waypost status`, for people and for scripts."""

from typing import Any

import httpx

from infra.local.home import Home
from infra.local.processes import Identity
from infra.local.running import state_of

HEALTH_SECONDS = 5.0


def status(home: Home) -> dict[str, Any] | None:
    """None when nothing runs. `healthy` of the gateway is asked now; other parts are healthy when they live."""
    state = state_of(home)
    if state is None:
        return None
    parts = {name: _part(part) for name, part in state["parts"].items()}
    gateway = parts["gateway"]
    gateway["healthy"] = gateway["healthy"] and _answers(f"{state['addresses']['url']}/v1/health")
    return {
        "running": True,
        "ready": state["ready"],
        "home": str(home.path),
        **state["addresses"],
        "ca_file": str(home.tls / "ca.pem"),
        "api_key": home.api_key,
        "logs": str(home.logs),
        "parts": parts,
    }


def as_text(found: dict[str, Any]) -> str:
    names = (
        "url",
        "https_url",
        "ca_file",
        "websocket_url",
        "docs_url",
        "api_key",
        "whatsapp_url",
        "person_page",
        "logs",
    )
    lines = [f"{name.replace('_', ' '):14} {found[name]}" for name in names if found[name]]
    for name, part in found["parts"].items():
        health = "healthy" if part["healthy"] else f"not healthy ({part['state']})"
        lines.append(f"{name:14} {health}, pid {part['pid']}, started again {part['restarts']} times")
    return "\n".join(lines)


def _part(part: dict[str, Any]) -> dict[str, Any]:
    identity = Identity.read(part)
    alive = identity is not None and identity.is_alive()
    return {
        "pid": part["pid"],
        "state": part["state"],
        "healthy": alive and part["state"] == "healthy",
        "restarts": part["restarts"],
    }


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=HEALTH_SECONDS, trust_env=False).is_success
    except httpx.HTTPError:
        return False
