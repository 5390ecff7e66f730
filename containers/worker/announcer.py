"""Tells what a session is: its status, its code and whom it is linked to, each with its event in one transaction."""

from typing import Any

from containers.worker.effects import PublishCode
from containers.worker.observations import LoginSeen
from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.event import Draft, rfc3339
from waypost.domain.linking import ATTEMPTS, PAIRING_CODE_SECONDS, code_lifetime, cycle_left_after, next_step
from waypost.domain.pool import GONE
from waypost.entities.session import QrCode, Session, delete_qr, qr_write, restriction_write, status_write
from waypost.ports import Write
from waypost.services.journal import Entry
from waypost.services.pool_moves import nudge_gone

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
        self._cycle_ends_ms = 0
        self._restricted_until_ms = session.restricted_until_ms
        self._browser = session.browser
        self.linked = session.me is not None
        self.linked_ms = session.linked_ms
        self._account, self._first_linked_ms = session.account, session.first_linked_ms

    @property
    def told(self) -> str:
        """The status that was last told of."""
        return self._status

    async def status(self, status: str, reason: str | None, *, changes: dict[str, Any] | None = None) -> None:
        """A new status, with what else changes on the session's record."""
        now_ms = self._app.now_ms()
        data: dict[str, Any] = {"status": status, "previous": self._status, "reason": reason, "since": rfc3339(now_ms)}
        data |= next_step(self._session.id, status)
        if status == "scan_qr":
            data["qr"] = self._qr
        if status == "restricted":
            data["until"] = rfc3339(self._restricted_until_ms)
        if changes and "wake_ms" in changes:
            data["wakes_at"] = rfc3339(changes["wake_ms"])
        self._status = status
        if "browser" in (changes or {}) and self._browser:
            data["identity_changed"] = {
                "fields": ["browser"], "from": self._browser, "to": (changes or {})["browser"],
                "reason": "browser_updated", "in_force": "now",
            }  # fmt: skip
        self._browser = (changes or {}).get("browser", self._browser)
        write = status_write(self._session.id, status=status, reason=reason, since_ms=now_ms, **(changes or {}))
        await self._record(data, write)
        if status in GONE:
            await patiently(nudge_gone, self._session.id, self._session.tenant, queues=self._app.engine.queues)

    async def restricted_until(self, until_ms: int) -> None:
        """New chats are refused until then; 0: they are allowed again. Whoever knows of the restriction hears that its
        end has moved; that it began or ended, the status tells."""
        self._restricted_until_ms = until_ms
        write = restriction_write(self._session.id, until_ms)
        if self._status == "restricted" and until_ms:
            data: dict[str, Any] = {"status": self._status, "previous": self._status, "reason": None}
            await self._record(data | {"until": rfc3339(until_ms)}, write)
        else:
            await self._recorder.record(Entry((), (write,)))

    async def linked_to(self, login: LoginSeen) -> dict[str, Any]:
        """The changes of the record once the account is known; empty when they are there already."""
        if self.linked or not login.authenticated or (login.me.pn is None and login.me.lid is None):
            return {}
        me = {"id": login.me.pn or login.me.lid, "pn": login.me.pn, "lid": login.me.lid, "name": None}
        sealed = await patiently(self._app.seals.seal_json, self._session.tenant, self._session.id, ME, me)
        self.linked, self.linked_ms = True, self._app.now_ms()
        return {"me": sealed, "linked_ms": self.linked_ms, **await patiently(self._first_link, str(me["id"]))}

    def _first_link(self, chat_id: str) -> dict[str, Any]:
        """An account that is linked again keeps its age (decision 12); another one begins anew."""
        account = self._app.contacts.mac(self._session.tenant, parse_address(chat_id))
        if account != self._account:
            self._account, self._first_linked_ms = account, self.linked_ms
        return {"account": self._account, "first_linked_ms": self._first_linked_ms}

    def unlinked(self) -> dict[str, Any]:
        self.linked, self.linked_ms, self._browser = False, 0, ""
        return {"me": None, "linked_ms": 0, "browser": ""}

    def shown_as(self, browser: str | None) -> dict[str, Any]:
        """The changes of the record when the linked account sees another version of the browser than it knew: the
        image brought a newer one, say. That is told with the status, never done silently (R-SAFE-3)."""
        return {"browser": browser} if self.linked and browser and browser != self._browser else {}

    async def code(self, shown: PublishCode) -> None:
        """A code can be scanned: for the API to show, and for subscribers to draw themselves (R-AUTH-1)."""
        now_ms, sequence = self._app.now_ms(), shown.sequence
        expires_ms = now_ms + code_lifetime(shown.position) * 1000
        self._cycle_ends_ms = expires_ms + cycle_left_after(shown.position) * 1000
        code = shown.code.encode()
        sealed = await patiently(self._app.seals.seal, self._session.tenant, self._session.id, QR, code)
        self._qr = {
            "code": shown.code, "sequence": sequence, "expires_at": rfc3339(expires_ms),
            "attempt": shown.attempt, "attempts": ATTEMPTS,
        }  # fmt: skip
        data = {"status": "scan_qr", "previous": self._status, "reason": None, "qr": self._qr}
        data |= next_step(self._session.id, "scan_qr")
        await self._record(data, qr_write(self._session.id, QrCode(sequence, sealed, expires_ms, shown.attempt)))

    async def pairing_code(self, code: str) -> int:
        """A code can be typed into the phone; returns until when. It is not known to outlive its cycle of QR codes."""
        now_ms = self._app.now_ms()
        expires_ms = now_ms + PAIRING_CODE_SECONDS * 1000
        if self._cycle_ends_ms > now_ms:
            expires_ms = min(expires_ms, self._cycle_ends_ms)
        data: dict[str, Any] = {"status": self._status, "previous": self._status, "reason": None}
        data |= {"next": "type_code", "command": None}
        data["pairing_code"] = {"code": code, "expires_at": rfc3339(expires_ms)}
        await self._record(data)
        return expires_ms

    async def no_code(self) -> None:
        self._qr, self._cycle_ends_ms = None, 0
        await patiently(self._app.table.transact, [delete_qr(self._session.id)])

    async def _record(self, data: dict[str, Any], *writes: Write) -> None:
        await self._recorder.record(Entry((Draft("session_status", self._app.now_ms(), data),), writes))
