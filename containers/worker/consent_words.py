"""Hears STOP and START in what people write, and obeys at once: records it, cancels what waits, confirms once.

It is done before the message is filed, and each step may be done again: a worker that dies on the way hears the message
anew, because the log does not have it yet.
"""

import hashlib
from collections.abc import Callable, Sequence

from containers.worker.observations import MessageSeen, PageObservation
from containers.worker.patience import patiently
from containers.worker.people import People
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.consent import Consent
from waypost.domain.consent_settings import ConsentSettings
from waypost.domain.ids import make_id
from waypost.domain.keywords import MAX_WORD, Keyword
from waypost.domain.wanted import text_to
from waypost.entities.message import find_by_reference, in_reference
from waypost.entities.session import Session, get_session
from waypost.errors import WaypostError
from waypost.observability import logger
from waypost.services.accepting import accept
from waypost.services.admission import CHECKS
from waypost.services.consent_settings import consent_settings
from waypost.services.consents import Registry
from waypost.services.opt_outs import ConsentChange, OptOuts
from waypost.services.vocabulary import confirmation_of, vocabulary_of

log = logger("worker")

_MEANS = "keyword"
_UNASKED = ("consent", "notice")  # what a confirmation is not asked for
_CONFIRMING = tuple(check for check in CHECKS if check.name not in _UNASKED)


class ConsentWords:
    """Of one session."""

    def __init__(self, app: App, session: Session, people: People, stopped: Callable[[], None] = lambda: None) -> None:
        """`stopped` is called for each person who says stop."""
        self._stopped = stopped
        self._app = app
        self._session = session
        self._people = people

    async def hear(self, observations: Sequence[PageObservation], *, backfilled: bool) -> None:
        """Obey the words among what was seen, in order. Others' words in groups are not for us."""
        for seen in observations:
            if not isinstance(seen, MessageSeen) or not _may_be_a_word(seen):
                continue
            if await patiently(self._obey, seen, backfilled):
                self._stopped()

    def _obey(self, seen: MessageSeen, backfilled: bool) -> bool:
        """Whether somebody said stop."""
        app, tenant = self._app, self._session.tenant
        settings = consent_settings(tenant, table=app.table, seals=app.seals)
        keyword = vocabulary_of(settings).meaning_of(seen.body or "", language=settings.language)
        contact = None if keyword is None else self._people.contact(seen.key.chat, seen.chat, seen.name)
        if keyword is None or contact is None or self._is_old(seen, contact):
            return False
        at_ms = app.now_ms()
        if backfilled and seen.t is not None:
            at_ms = min(at_ms, (seen.t + 1) * 1000)  # WhatsApp's times are whole seconds
        token = hashlib.sha256(f"{self._session.id}#{contact}#{seen.key.id}".encode()).hexdigest()[:32]
        for number, same in enumerate(app.contacts.of_person(tenant, contact)):
            self._take(keyword, same, seen, at_ms, token, settings, first=number == 0)
        return keyword.meaning == "stop"

    def _take(
        self, keyword: Keyword, contact: str, seen: MessageSeen, at_ms: int, token: str, settings: ConsentSettings,
        *, first: bool,
    ) -> None:  # fmt: skip
        app, tenant, now_ms = self._app, self._session.tenant, self._app.now_ms()
        registry = Registry(contact, tenant, _MEANS, now_ms, app.table, app.seals)
        confirmation = make_id("msg", hashlib.sha256(f"confirmation#{token}".encode()).digest())
        said = f"{seen.key.id}: {seen.body}"
        if keyword.meaning == "stop":
            standing, _ = registry.opt_out(
                means=_MEANS, at_ms=at_ms, token=token, confirmation=confirmation, proof=said
            )  # fmt: skip
        else:
            consent = Consent(settings.default_purpose, at_ms, _MEANS)
            standing, _ = registry.come_back(consent, token=token, confirmation=confirmation, proof=said)
        outs = OptOuts(tenant, now_ms, app.table, app.engine.queues, app.seals, app.contacts)
        if standing.opted_out_ms:
            outs.cancel_waiting(contact, reason="opted_out", but=standing.confirmation)
        if standing.token == token and first:
            consent_word = "withdrawn" if keyword.meaning == "stop" else "given"
            outs.tell(contact, ConsentChange(consent_word, None, _MEANS, at_ms), heard_by=self._session.id)
            if settings.confirm:
                self._confirm(contact, confirmation, confirmation_of(keyword, settings))

    def _confirm(self, contact: str, message_id: str, text: str) -> None:
        """By the way that all messages take, but for the rule that would forbid it."""
        app = self._app
        session = get_session(app.table, self._session.id) or self._session
        to = parse_address(app.contacts.addresses(session.tenant, contact)[0])
        try:
            accept(
                text_to(to, text), message_id=message_id, session=session, now_ms=app.now_ms(), table=app.table,
                queues=app.engine.queues, seals=app.seals, contacts=app.contacts, checks=_CONFIRMING,
            )  # fmt: skip
        except WaypostError as error:
            if error.category == "network":  # an engine's: the word is heard again
                raise
            log.warning("an opt-out could not be confirmed", extra={"session": session.id, "code": error.code})

    def _is_old(self, seen: MessageSeen, contact: str) -> bool:
        """Whether it was filed before: then it was obeyed, and what came after it counts."""
        return find_by_reference(self._app.table, self._session.id, in_reference(contact, seen.key.id)) is not None


def _may_be_a_word(seen: MessageSeen) -> bool:
    of_two = seen.chat is not None and not seen.key.from_me
    return of_two and seen.body is not None and len(seen.body) <= MAX_WORD  # a caption counts, too
