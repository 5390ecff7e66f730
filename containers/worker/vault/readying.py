"""Which profile a browser starts on: the local one, if it is the newest and whole, else the last good version.

A browser that finds its databases torn makes empty ones without a word, which is a logout; so nothing is opened here
that was not checked, and a linked session without any profile is given up with a reason, not shown a new code.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from containers.worker.observations import CodeShown, LoggedOut, LoginSeen
from containers.worker.patience import patiently
from containers.worker.signals import LaunchFailed, Observation
from containers.worker.vault.links import profile_folder
from containers.worker.vault.manifest import Saved
from containers.worker.vault.packing import Packer
from containers.worker.vault.restore import restore
from containers.worker.vault.snapshot import has_login, inspect
from containers.worker.vault.stamp import read_stamp, remove_stamp, write_stamp
from waypost.bootstrap import App
from waypost.domain.profile import Version, is_local_newest
from waypost.entities.session import Session
from waypost.errors import Fenced, SessionNotLinked, StorageError, Tampered
from waypost.observability import logger
from waypost.ports import Blobs
from waypost.services.profiles import note_proven, note_refused, note_used, usable_versions

log = logger("worker")

# Why a session is given up that has no profile to start on: linked as it is on WhatsApp's side, we lost the device.
PROFILE_LOST = frozenset({"profile_lost", "profile_tampered"})
_DISPROOFS = 2  # so many profiles that do not lead to a login: then it is the account that is not linked any more


@dataclass(frozen=True, slots=True)
class Restored:
    """The profile is older than the session: what came after `taken_ms` (unix milliseconds), the page cannot know (P2).
    `version` None: it is a local one that another worker has overtaken, of unknown age."""

    version: str | None = None
    taken_ms: int | None = None
    age_ms: int | None = None


class Readying:
    """Of one epoch of one session. `linked_ms` tells when the account was linked, 0: it is not."""

    def __init__(self, app: App, session: Session, epoch: int, packer: Packer, linked_ms: Callable[[], int]) -> None:
        self.restored: Restored | None = None
        self._app = app
        self._session = session.id
        self._epoch = epoch
        self._packer = packer
        self._linked_ms = linked_ms
        self._profile = profile_folder(app.settings.home, session.id)
        self._used_epoch = session.profile_epoch
        self._version: Version | None = None  # that the profile was restored from, until it is proven
        self._distrusted = self._doubted = False
        self._disproofs = 0
        self._login_known = False

    async def prepare(self) -> Saved | None:
        """Ready the profile; returns what is to be put back by API when it was restored.

        Raises SessionNotLinked `profile_lost` or `profile_tampered`: the session is linked, but there is no profile
        that could be used; Fenced; what the store raises.
        """
        try:
            return await self._prepare()
        except OSError as problem:
            raise StorageError(f"The profile could not be readied: {problem.strerror}.", code="profile_disk") from None

    async def _prepare(self) -> Saved | None:
        self._login_known = False
        saved = None
        if self._linked_ms() and not await asyncio.to_thread(self._is_local_good):
            saved = await self._restore()
        elif self._doubted:
            saved = await self._restore_or_keep()
        self._doubted = False
        await _in_one_go(write_stamp, self._profile, self._epoch)
        if self._used_epoch != self._epoch or saved is not None:
            await patiently(note_used, self._session, epoch=self._epoch, restored=self._version, table=self._app.table)
            self._used_epoch = self._epoch
        return saved

    def doubt(self) -> None:
        """The local profile may be why nothing works: the next browser starts on a copy, where there is a good one."""
        self._doubted = True

    async def judge(self, seen: Observation) -> Observation:
        """What the owner is to make of it. A linked session whose page asks for a code, though nobody unlinked it,
        has a bad profile: another one is tried."""
        if isinstance(seen, LoginSeen) and seen.working:
            self._login_known, self._distrusted, self._disproofs = True, False, 0
            await self._prove()
        elif isinstance(seen, LoggedOut):
            self._login_known = True
        elif isinstance(seen, CodeShown) and seen.code and self._linked_ms() and not self._login_known:
            return await self._disprove()
        return seen

    def _is_local_good(self) -> bool:
        """Whether the browser may go on with what is there."""
        if self._distrusted or not has_login(self._profile):
            return False
        if not is_local_newest(read_stamp(self._profile), self._used_epoch):
            return False
        torn = inspect(self._profile).torn
        if torn is not None:
            log.error("the local profile is torn", extra={"session": self._session, "file": torn.rpartition("/")[2]})
        return torn is None

    async def _restore(self) -> Saved | None:
        versions = await patiently(usable_versions, self._session, self._linked_ms(), table=self._app.table)
        for version in versions:
            try:
                saved = await self._put_in_place(version)
            except Tampered as problem:
                await self._refuse(version, problem)
                continue
            age_ms = self._app.now_ms() - version.taken_ms
            self._version, self.restored = version, Restored(version.id, version.taken_ms, age_ms)
            log.warning(
                "restored the profile", extra={"session": self._session, "version": version.id, "age_ms": age_ms}
            )
            return saved
        if versions or self._distrusted or not await asyncio.to_thread(has_login, self._profile):
            code = "profile_tampered" if versions else "profile_lost"
            raise SessionNotLinked("No copy of the session's profile can be used.", code=code)
        self._version, self.restored = None, Restored()
        log.warning("goes on with an overtaken profile: there is no copy", extra={"session": self._session})
        return None

    async def _restore_or_keep(self) -> Saved | None:
        """A profile that is only doubted is better than none."""
        try:
            kept = not await patiently(usable_versions, self._session, self._linked_ms(), table=self._app.table)
            return None if kept else await self._restore()
        except SessionNotLinked:
            return None

    async def _put_in_place(self, version: Version) -> Saved:
        """Checked in a folder of its own; the profile is replaced in one step. Raises as `restore` does."""
        await asyncio.to_thread(self._clear_leftovers)
        fresh = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=self._half(), dir=self._profile.parent))
        saved = await restore(version, fresh / "profile", packer=self._packer, blobs=self._blobs)
        await _in_one_go(self._replace_with, fresh)
        return saved

    def _replace_with(self, fresh: Path) -> None:
        remove_stamp(self._profile)  # should we die in between, what is left counts as stale
        shutil.rmtree(self._profile, ignore_errors=True)
        (fresh / "profile").rename(self._profile)
        fresh.rmdir()

    def _clear_leftovers(self) -> None:
        self._profile.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for half in self._profile.parent.glob(self._half() + "*"):
            shutil.rmtree(half, ignore_errors=True)

    def _half(self) -> str:
        return f"{self._session}.restoring-"

    async def _refuse(self, version: Version, problem: Tampered) -> None:
        log.error(problem.message, extra={"session": self._session, "version": version.id, "code": problem.code})
        await patiently(note_refused, version, "tampered", epoch=self._epoch, table=self._app.table)

    async def _prove(self) -> None:
        version, self._version = self._version, None
        if version is not None:
            now_ms = self._app.now_ms()
            await self._note(note_proven, version, epoch=self._epoch, table=self._app.table, now_ms=now_ms)

    async def _disprove(self) -> Observation:
        version, self._version = self._version, None
        self._disproofs += 1
        log.error(
            "the profile did not lead to a login",
            extra={"session": self._session, "version": None if version is None else version.id},
        )
        if version is not None:
            await self._note(note_refused, version, "not_logged_in", epoch=self._epoch, table=self._app.table)
        self._login_known = True
        try:
            left = await patiently(usable_versions, self._session, self._linked_ms(), table=self._app.table)
        except StorageError:
            return LaunchFailed()  # the next launch asks again
        if not left or self._disproofs >= _DISPROOFS:
            return LoggedOut("login_lost")
        self._distrusted = True
        return LaunchFailed()

    async def _note[**P](self, note: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
        """What would be good to know later. Raises Fenced."""
        try:
            await patiently(note, *arguments, **named)
        except Fenced:
            raise
        except StorageError as problem:
            log.warning("a verdict was not noted", extra={"session": self._session, "code": problem.code})

    @property
    def _blobs(self) -> Blobs:
        return self._app.engine.blobs["profiles"]


async def _in_one_go[**P](step: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
    """In a thread, to its end even when cancelled: whoever comes next must not find it at work."""
    working = asyncio.ensure_future(asyncio.to_thread(step, *arguments, **named))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise
