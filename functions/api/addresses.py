"""Where this API is reached: for links that people get, and for documents that say where they come from."""

from api.current import current
from waypost import bootstrap


def base_path() -> str:
    """The stage, where the address has it in front of the path; else nothing."""
    context = current().event.get("requestContext") or {}
    stage, path = context.get("stage") or "", context.get("path") or ""
    return f"/{stage}" if stage and path.startswith(f"/{stage}/") else ""


def public_address(path: str) -> str:
    """The whole address of a path. WAYPOST_PUBLIC_URL wins, for whoever has a proxy in front."""
    configured = bootstrap.app().settings.public_url
    if configured:
        return configured.rstrip("/") + path
    call = current()
    scheme = call.header("x-forwarded-proto") or "https"
    return f"{scheme}://{call.header('host') or 'localhost'}{base_path()}{path}"
