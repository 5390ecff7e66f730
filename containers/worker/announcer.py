"""Tells what a session is: its status, its code and whom it is linked to, each with its event in one transaction."""

from typing import Any

from containers.worker.observations import LoginSeen
from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.event import Draft, rfc3339
from waypost.domain.linking import code_lifetime
from waypost.entities.session import QrCode, Session, delete_qr, qr_write, status_write
from waypost.ports import Write
from waypost.services.journal import Entry

ME = "me"  # what the linked account's names are sealed for
QR = "qr"


class Announcer:
    """Announces one session. Knows whether it is linked."""

    def __init__(self, app: App, session: Session, recorder: Recorder) -> None:
        self._app = app
        self._session = session
        self._recorder = recorder
        self._status = session.status
        self._qr: dict[str, Any] | None = None
        self.linked = session.me is not None
        self.linked_ms = session.linked_ms

    async def status(self, status: str, reason: str | None, *, changes: dict[str, Any] | None = None) -> None:
        """A new status, with what else changes on the session's record."""
        now_ms = self._app.now_ms()
        data: dict[str, Any] = {"status": status, "previous": self._status, "reason": reason, "since": rfc3339(now_ms)}
        if status == "scan_qr":
            data["qr"] = self._qr
        self._status = status
        write = status_write(self._session.id, status=status, reason=reason, since_ms=now_ms, **(changes or {}))
        await self._record(data, write)

    async def linked_to(self, login: LoginSeen) -> dict[str, Any]:
        """The changes of the record once the account is known; empty when they are there already."""
        if self.linked or not login.authenticated or (login.me.pn is None and login.me.lid is None):
            return {}
        me = {"id": login.me.pn or login.me.lid, "pn": login.me.pn, "lid": login.me.lid, "name": None}
        sealed = await patiently(self._app.seals.seal_json, self._session.tenant, self._session.id, ME, me)
        self.linked, self.linked_ms = True, self._app.now_ms()
        return {"me": sealed, "linked_ms": self.linked_ms}

    def unlinked(self) -> dict[str, Any]:
        self.linked, self.linked_ms = False, 0
        return {"me": None, "linked_ms": 0}

    async def code(self, code: str, sequence: int) -> None:
        """A code can be scanned: for the API to show, and for subscribers to draw themselves."""
        now_ms = self._app.now_ms()
        expires_ms = now_ms + code_lifetime(sequence) * 1000
        sealed = await patiently(self._app.seals.seal, self._session.tenant, self._session.id, QR, code.encode())
        self._qr = {"code": code, "sequence": sequence, "expires_at": rfc3339(expires_ms)}
        data = {"status": "scan_qr", "previous": self._status, "reason": None, "qr": self._qr}
        await self._record(data, qr_write(self._session.id, QrCode(sequence, sealed, expires_ms)))

    async def no_code(self) -> None:
        self._qr = None
        await patiently(self._app.table.transact, [delete_qr(self._session.id)])

    async def _record(self, data: dict[str, Any], write: Write) -> None:
        await self._recorder.record(Entry((Draft("session_status", self._app.now_ms(), data),), (write,)))
