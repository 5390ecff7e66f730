"""Records what happened to messages after they were sent, once, whoever saw it first: an errand that did it, the page
that tells of it, or a look at the history."""

from collections.abc import Callable

from containers.worker.naming import Target
from containers.worker.observations import MessageSeen
from containers.worker.observed_changes import ChangeSeen, EditSeen, ReactionSeen, RevokeSeen
from containers.worker.patience import patiently
from containers.worker.people import People
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.message import Message
from waypost.entities.message import find_by_reference, get_message
from waypost.services.changes import Changes
from waypost.services.journal import Entry
from waypost.services.sending import CONTENT


class Amendments:
    """Of one session. A change that was refused because another came between is looked at again."""

    def __init__(self, app: App, people: People, recorder: Recorder) -> None:
        self._app = app
        self._people = people
        self._recorder = recorder
        self._changes = Changes(app.seals, app.contacts)

    async def file(self, seen: ChangeSeen) -> None:
        """What the page tells of; passed over when we have it already, or do not have the message."""
        message_id = await patiently(self._people.message, seen.target)
        if message_id is None:
            return
        match seen:
            case EditSeen():
                await self.edited(message_id, seen.text, edit_id=seen.edit_id)
            case RevokeSeen():
                by = None if seen.mine else await patiently(self._people.of, seen.by)
                await self.revoked(message_id, by=by)
            case ReactionSeen():
                by = None if seen.mine else await patiently(self._people.of, seen.by)
                if seen.mine or by is not None:
                    await self.reacted(message_id, seen.emoji, by=by, t=seen.t)

    async def file_missed(self, seen: MessageSeen) -> None:
        """What happened to a message while nobody listened, as its present state tells."""
        target = Target(seen.key, seen.chat, None if seen.key.from_me else seen.author)
        if seen.type == "revoked":
            await self.file(RevokeSeen(target, mine=seen.key.from_me, by=seen.author))
        elif seen.edit_id is not None:
            await self.file(EditSeen(target, seen.body or "", seen.edit_id))

    async def edited(self, message_id: str, text: str, *, edit_id: str | None) -> None:
        def entry(message: Message) -> Entry | None:
            if edit_id is not None and self._is_filed(message, edit_id):
                return None
            return self._changes.edited(message, text, edit_id=edit_id, time_ms=self._app.now_ms())

        await self._record(message_id, entry)

    async def revoked(self, message_id: str, *, by: str | None) -> None:
        await patiently(self._forget_file, message_id)  # first: whoever dies now hears of it again
        await self._record(message_id, lambda m: self._changes.revoked(m, by=by, time_ms=self._app.now_ms()))

    async def reacted(self, message_id: str, emoji: str | None, *, by: str | None, t: int | None) -> None:
        await self._record(
            message_id, lambda m: self._changes.reacted(m, emoji, by=by, t=t, time_ms=self._app.now_ms())
        )

    async def _record(self, message_id: str, make: Callable[[Message], Entry | None]) -> None:
        while True:
            message = await patiently(get_message, self._app.table, message_id)
            entry = None if message is None else await patiently(make, message)
            if entry is None or await self._recorder.record(entry):
                return

    def _forget_file(self, message_id: str) -> None:
        """What was taken back is not to be read here any more."""
        app = self._app
        message = get_message(app.table, message_id)
        if message is None:
            return
        content = app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
        if media_id := content.get("media"):
            app.received.take_back(media_id, app.now_ms())

    def _is_filed(self, message: Message, edit_id: str) -> bool:
        reference = f"edit#{message.id}#{edit_id}"
        return find_by_reference(self._app.table, message.session, reference) is not None
