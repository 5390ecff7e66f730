"""The errand that is done before there is a login: a code to type into the phone, where nobody can scan one."""

from typing import Any

from containers.worker import page_calls
from containers.worker.errands_desk import Desk


async def pairing_code(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{"phone": digits}` → `{"code": "ABCD-EFGH", "expires_ms": unix milliseconds}`."""
    code = await page_calls.pairing_code(desk.page, arguments["phone"])
    plain = code.replace("-", "")
    shown = f"{plain[:4]}-{plain[4:]}"
    return {"code": shown, "expires_ms": await desk.announcer.pairing_code(shown)}
