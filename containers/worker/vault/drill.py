"""`waypost drill restore`: puts a session's newest backup into a new folder, proves that it opens logged in, and throws
it away. The session itself is not touched, and may run meanwhile: see offline.py.

    python -m containers.worker.vault.drill SESSION [--json]      exit code 0 good, 1 not, 2 nothing to drill
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playwright.async_api import async_playwright

from containers.worker.identity import Identity
from containers.worker.vault.offline import opens_logged_in
from containers.worker.vault.packing import Packer
from containers.worker.vault.restore import restore
from waypost.bootstrap import App, app
from waypost.domain.event import rfc3339
from waypost.domain.profile import Version
from waypost.entities.session import get_session
from waypost.errors import Tampered, WaypostError
from waypost.services.profiles import usable_versions


@dataclass(slots=True)
class Report:
    """`refused` are newer backups that failed their checks; `problem` says why the drill did not end well."""

    session: str
    version: str | None = None
    taken_at: str | None = None
    age_seconds: int | None = None
    bytes: int | None = None
    restore_ms: int | None = None
    open_ms: int | None = None
    logged_in: bool = False
    refused: list[str] = field(default_factory=list)
    problem: str | None = None

    @property
    def good(self) -> bool:
        return self.logged_in and not self.refused


async def drill(parts: App, session_id: str) -> Report | None:
    """None when there is no such session, or it is not linked."""
    session = get_session(parts.table, session_id)
    if session is None or not session.linked_ms:
        return None
    report = Report(session_id)
    packer = Packer(parts.engine.keys, parts.seals, tenant=session.tenant, session=session_id)
    for version in usable_versions(session_id, session.linked_ms, table=parts.table):
        with tempfile.TemporaryDirectory(prefix="waypost-drill-") as folder:
            try:
                await _try(parts, version, Path(folder), packer, report)
            except Tampered:
                report.refused.append(version.id)
                continue
            except WaypostError as error:
                report.problem = error.code
            return report
    report.problem = "all_refused" if report.refused else "no_backup"
    return report


async def _try(parts: App, version: Version, folder: Path, packer: Packer, report: Report) -> None:
    began = time.monotonic()
    saved = await restore(version, folder / "profile", packer=packer, blobs=parts.engine.blobs["profiles"])
    report.restore_ms = _ms_since(began)
    report.version, report.taken_at = version.id, rfc3339(version.taken_ms)
    report.age_seconds = (parts.now_ms() - version.taken_ms) // 1000
    report.bytes = sum(path.stat().st_size for path in (folder / "profile").rglob("*") if path.is_file())
    began = time.monotonic()
    async with async_playwright() as playwright:
        report.logged_in = await opens_logged_in(
            playwright, folder, version.session, Identity(chromium=parts.settings.chromium),
            parts.settings.whatsapp_url, saved,
        )  # fmt: skip
    report.open_ms = _ms_since(began)
    report.problem = None if report.logged_in else "not_logged_in"


def as_text(report: Report) -> str:
    """For people."""
    lines = [f"{version} was refused: it is not as it was written." for version in report.refused]
    if report.version is None:
        return "\n".join([*lines, f"No backup of {report.session} can be restored ({report.problem})."])
    size = (report.bytes or 0) / 1_000_000
    lines += [
        f"Backup {report.version} of {report.taken_at}, {_age(report.age_seconds or 0)} old, {size:.1f} MB.",
        f"Restored and checked in {report.restore_ms} ms.",
    ]
    if report.logged_in:
        return "\n".join([*lines, f"Opened logged in, without going live, in {report.open_ms} ms."])
    return "\n".join([*lines, f"It did not open logged in ({report.problem})."])


def _age(seconds: int) -> str:
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _ms_since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def main() -> int:
    parser = argparse.ArgumentParser(prog="waypost drill restore")
    parser.add_argument("session")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    report = asyncio.run(drill(app(), asked.session))
    if report is None:
        sys.stderr.write("There is no such session, or it is not linked. List them with GET /v1/sessions.\n")
        return 2
    sys.stdout.write((json.dumps(asdict(report), indent=2) if asked.json else as_text(report)) + "\n")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
