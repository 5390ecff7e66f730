"""Loads the files that come in, two at once, beside everything else: page → spool → cloud → the log (R-MED-3).

    pending ─ download ─► spool, whole ─ upload ─► cloud ─ read back, compared ─► ready, told ─► spool emptied

Whatever dies on the way, the next look finds the file pending: with a whole spool it goes on from there, else it is
loaded again. So losing either copy loses nothing, and the log tells once.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from containers.worker.page import Page
from containers.worker.page_files import download
from containers.worker.patience import patiently
from containers.worker.pouring import Pouring
from containers.worker.recorder import Recorder
from containers.worker.spool import Spool, spool_folder
from waypost.bootstrap import App
from waypost.domain.received import FileFacts, ReceivedState, seconds_before_try
from waypost.entities.received import Received, forgotten_write, get_received, pending_of, put_off_received
from waypost.entities.session import Session
from waypost.errors import (
    Fenced,
    NetworkError,
    NotFound,
    SessionNotLinked,
    StorageError,
    Tampered,
    WaypostError,
    WhatsAppError,
)
from waypost.observability import logger
from waypost.services.media_changes import settled
from waypost.services.receiving import THUMBNAIL, Known, names_of, opened_part

log = logger("worker")

AT_ONCE = 2
LOOK_SECONDS = 10.0
_NOT_ITS_FAULT_SECONDS = 5.0  # the page went away, the engine is away: the file has not been tried


class Downloads:
    """Of one session. `ready_page` waits until the session works, and gives its page."""

    def __init__(
        self,
        app: App,
        session: Session,
        recorder: Recorder,
        *,
        ready_page: Callable[[], Awaitable[Page]],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._app = app
        self._session = session.id
        self._recorder = recorder
        self._ready_page = ready_page
        self._look_seconds = look_seconds
        self._spool = Spool(spool_folder(app.settings.home, session.id))
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._taken: set[str] = set()

    def came(self, media_id: str) -> None:
        """A file is to be loaded; harmless when that is known."""
        if media_id not in self._taken:
            self._taken.add(media_id)
            self._queue.put_nowait(media_id)

    async def run(self) -> None:
        """Until cancelled. Raises Fenced."""
        for media_id in await asyncio.to_thread(self._spool.waiting):
            self.came(media_id)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            for _ in range(AT_ONCE):
                tasks.create_task(self._work())

    async def _look(self) -> None:
        """For what an earlier owner left, what is to be tried again, and what somebody asks for again."""
        while True:
            try:
                due = await patiently(pending_of, self._app.table, self._session, self._app.now_ms())
            except StorageError as error:
                log.warning("cannot look for files", extra={"session": self._session, "code": error.code})
                due = []
            for media_id in due:
                self.came(media_id)
            await asyncio.sleep(self._look_seconds)

    async def _work(self) -> None:
        while True:
            media_id = await self._queue.get()
            try:
                await self._take(media_id)
            except Fenced:
                raise
            except StorageError as error:  # the file stays pending: it is looked at again
                log.warning("cannot take a file in", extra={"session": self._session, "code": error.code})
            finally:
                self._taken.discard(media_id)

    async def _take(self, media_id: str) -> None:
        received = await patiently(get_received, self._app.table, media_id, self._app.now_ms())
        if received is None or received.state != "pending":
            await asyncio.to_thread(self._spool.drop, media_id)
            return
        try:
            await self._bring(received)
        except Fenced:
            raise
        except Tampered as error:  # its key is gone: whoever sent it was erased
            await self._give_up(received, error.code)
        except (SessionNotLinked, StorageError) as error:
            await self._put_off(received, error.code, _NOT_ITS_FAULT_SECONDS, tried=False)
        except WaypostError as error:
            gone = isinstance(error, NetworkError) and error.code in ("page_gone", "page_not_ready")
            await self._failed(received, error.code, tried=not gone)
        except TimeoutError:
            await self._failed(received, "page_timeout", tried=True)
        except FileNotFoundError:
            await self._failed(received, "spool_lost", tried=False)
        except Exception as error:
            # A mistake of ours, or a page that answers as none should: this file's trouble must not end the session.
            kind = type(error).__name__
            log.error("a file broke its download", extra={"session": self._session, "media": media_id, "kind": kind})
            await self._failed(received, "internal", tried=True)

    async def _bring(self, received: Received) -> None:
        app = self._app
        known = await patiently(app.received.known, received)
        facts = await asyncio.to_thread(self._spool.facts, received.id, known.secret)
        if facts is None:
            facts = await self._load(received, known)
        await patiently(self._upload, received, facts)
        try:
            await patiently(self._check, received, known, facts)
        except WhatsAppError:
            await asyncio.to_thread(self._spool.drop, received.id)  # it is no good here, either
            raise
        await self._settle(received, "ready", facts, None)
        await asyncio.to_thread(self._spool.drop, received.id)

    async def _load(self, received: Received, known: Known) -> FileFacts:
        page = await self._ready_page()
        most = self._app.settings.media_received_bytes
        await asyncio.to_thread(self._spool.begin, received.id)
        pouring = Pouring(self._spool, received.id, known.secret, max_bytes=most)
        loaded = await download(page, known.key, pouring.take, max_bytes=most)
        return await pouring.finish(known.facts, loaded)

    def _upload(self, received: Received, facts: FileFacts) -> None:
        for name in _names(facts):
            self._app.received.keep(received, name, self._spool.part(received.id, name))

    def _check(self, received: Received, known: Known, facts: FileFacts) -> None:
        """What the cloud has is read back and opened: size and hash are those of the file. Raises WhatsAppError
        `media_corrupt`."""
        sha256, size = hashlib.sha256(), 0
        try:
            for name in _names(facts):
                plain = opened_part(known.secret, received.id, name, self._app.received.kept(received, name))
                if name != THUMBNAIL:
                    sha256.update(plain)
                    size += len(plain)
        except (Tampered, NotFound):
            raise WhatsAppError("What is stored cannot be opened.", code="media_corrupt") from None
        if (size, sha256.hexdigest()) != (facts.size, facts.sha256):
            raise WhatsAppError("What is stored is not what came.", code="media_corrupt")

    async def _failed(self, received: Received, code: str, *, tried: bool) -> None:
        wait = seconds_before_try(received.attempts + 1, code) if tried else _NOT_ITS_FAULT_SECONDS
        if wait is not None:
            await self._put_off(received, code, wait, tried=tried)
            return
        await asyncio.to_thread(self._spool.drop, received.id)
        facts = (await patiently(self._app.received.known, received)).facts
        await self._settle(received, "failed", facts, code)

    async def _give_up(self, received: Received, code: str) -> None:
        """For good, and without a word: what could be told of it cannot be read any more."""
        await asyncio.to_thread(self._spool.drop, received.id)
        await patiently(self._app.table.update, forgotten_write(received, code))
        await patiently(self._app.received.forget, received)

    async def _put_off(self, received: Received, code: str, seconds: float, *, tried: bool) -> None:
        log.warning("a file did not come", extra={"session": self._session, "media": received.id, "code": code})
        next_ms = self._app.now_ms() + round(seconds * 1000)
        await patiently(put_off_received, self._app.table, received, next_ms, code, tried=tried)

    async def _settle(self, received: Received, state: ReceivedState, facts: FileFacts, code: str | None) -> None:
        app = self._app
        entry = await patiently(
            settled, received, state, facts, code, files=app.received, contacts=app.contacts, now_ms=app.now_ms()
        )
        if await self._recorder.record(entry):
            log.info("a file came", extra={"session": self._session, "media": received.id, "state": state})
            return
        now = await patiently(get_received, app.table, received.id, app.now_ms())
        if now is None or now.state == "failed":  # taken back meanwhile
            await patiently(app.received.forget, received)


def _names(facts: FileFacts) -> list[str]:
    """Of all that is stored of a file."""
    return [*names_of(facts.size or 0), *((THUMBNAIL,) if facts.has_thumbnail else ())]
