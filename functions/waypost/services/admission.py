"""Whether a message is taken at all: named checks in their order, each of which may refuse it (P7).

A check gets the question as the ones before it left it, and gives it on: mostly as it was, but one finds the contact,
and another may put what a template says in place of its name. Whoever is refused before `contact` leaves no trace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from waypost.domain.consent import Standing
from waypost.domain.consent_settings import ConsentSettings
from waypost.domain.times import check_times
from waypost.domain.wanted import Wanted, check_content
from waypost.entities.message import get_message
from waypost.entities.session import Session
from waypost.errors import BusinessRuleError, Conflict, SessionNotLinked, ValidationError
from waypost.ports import Table
from waypost.services.address_book import AddressBook
from waypost.services.backlog import Backlog
from waypost.services.consent_settings import consent_settings
from waypost.services.contacts import Contacts
from waypost.services.filling import fill_in
from waypost.services.media_choice import choose
from waypost.services.notices import Notice, due_notice
from waypost.services.policy import check_may_message, is_own_account
from waypost.services.sealing import Seals

_NO_RULES = ConsentSettings()


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that wants in, and what a check may look things up with. `contact` is empty until it was found."""

    wanted: Wanted
    session: Session
    now_ms: int
    table: Table
    seals: Seals
    contacts: Contacts
    backlog: Backlog | None = None  # None: there is always room
    contact: str = ""
    rules: ConsentSettings = _NO_RULES  # the tenant's
    standing: Standing | None = None  # how the person stands; None for those who are not asked
    notice: Notice | None = None  # that it is to carry
    waits_on: str | None = None  # the file that it has to wait for
    dry: bool = False  # nothing may be made: a contact that there is not stays empty


@dataclass(frozen=True, slots=True)
class Check:
    """`ask` returns the question for the next check, or raises the refusal, which names the rule and what to do."""

    name: str
    ask: Callable[[Asked], Asked]


def admit(asked: Asked, checks: Sequence[Check]) -> Asked:
    """Ask them all. Raises what the first that says no raises."""
    for check in checks:
        asked = check.ask(asked)
    return asked


def check_linked(session: Session) -> None:
    """Raises SessionNotLinked or Conflict when a message could not leave by this session."""
    if session.me is None:
        raise SessionNotLinked(
            f"The session is not linked to a WhatsApp account (it is {session.status}).",
            field="session_id",
            mend="Start it and scan the code from GET /v1/sessions/{id}/qr.",
        )
    if session.desired != "running":
        raise Conflict(
            "The session is stopped.", mend="Start it first: POST /v1/sessions/{id}/start.", code="session_stopped"
        )


def _linked(asked: Asked) -> Asked:
    check_linked(asked.session)
    return asked


def _content(asked: Asked) -> Asked:
    check_content(asked.wanted)
    return asked


def _file(asked: Asked) -> Asked:
    """The file that it names, and what that makes of the message."""
    wanted = asked.wanted
    media_id = wanted.content.get("media")
    if media_id is None:
        return asked
    choice = choose(
        str(media_id), wanted.content, tenant=asked.session.tenant, table=asked.table, seals=asked.seals,
        now_ms=asked.now_ms,
    )  # fmt: skip
    content = wanted.content if wanted.content.get("filename") else {**wanted.content, "filename": choice.name}
    named = {name: value for name, value in content.items() if value is not None}
    waits_on = str(media_id) if choice.waits else None
    return replace(asked, wanted=replace(wanted, kind=choice.kind, content=named), waits_on=waits_on)


def _times(asked: Asked) -> Asked:
    check_times(asked.wanted.send_at_ms, asked.wanted.expires_ms, asked.now_ms)
    return asked


def _room(asked: Asked) -> Asked:
    if asked.backlog is not None:
        asked.backlog.check(asked.session, asked.wanted.lane, now_ms=asked.now_ms, table=asked.table)
    return asked


def _rules(asked: Asked) -> Asked:
    return replace(asked, rules=consent_settings(asked.session.tenant, table=asked.table, seals=asked.seals))


def _template(asked: Asked) -> Asked:
    """The text that an approved template makes, in place of its name."""
    wanted, tenant = asked.wanted, asked.session.tenant
    if wanted.template is None:
        return asked
    language = asked.rules.language
    filled = fill_in(wanted.template, tenant=tenant, language=language, table=asked.table, seals=asked.seals)
    made_from = {"name": filled.name, "language": filled.language, "version": filled.version}
    content = {**wanted.content, "text": filled.text, "template": made_from}
    return replace(asked, wanted=replace(wanted, content=content, purpose=wanted.purpose or filled.purpose))


def _contact(asked: Asked) -> Asked:
    tenant, to = asked.session.tenant, asked.wanted.to
    if asked.dry:
        return replace(asked, contact=asked.contacts.find(tenant, to) or "")
    return replace(asked, contact=asked.contacts.resolve(tenant, [to], now_ms=asked.now_ms))


def _reply(asked: Asked) -> Asked:
    reply_to = asked.wanted.reply_to
    quoted = None if reply_to is None else get_message(asked.table, reply_to)
    here = quoted is not None and (quoted.session, quoted.contact) == (asked.session.id, asked.contact)
    if reply_to is not None and not here:
        raise ValidationError(
            "The message to reply to is not in this chat.",
            field="reply_to",
            mend="Give the id of a message of the same chat, from GET /v1/sessions/{id}/messages.",
            code="reply_to_not_found",
        )
    return asked


def _consent(asked: Asked) -> Asked:
    """Whether the person may be written to (P7); asked again when the message is sent."""
    wanted, session = asked.wanted, asked.session
    if wanted.to.kind == "group":
        return asked
    try:
        standing = check_may_message(
            asked.contact,
            tenant=session.tenant,
            session=session.id,
            purpose=wanted.purpose,
            from_template=wanted.template is not None,
            now_ms=asked.now_ms,
            table=asked.table,
            seals=asked.seals,
            rules=asked.rules,
        )
    except BusinessRuleError:
        if not is_own_account(session, asked.contacts.addresses(session.tenant, asked.contact), asked.seals):
            raise
        return asked
    return replace(asked, standing=standing)


def _saved(asked: Asked) -> Asked:
    """Bulk goes to saved contacts only (R-LIM-8)."""
    wanted, session = asked.wanted, asked.session
    if wanted.bulk is not None and wanted.to.kind != "group" and asked.rules.bulk_to_saved_only:
        AddressBook(session.id, session.tenant, asked.table, asked.contacts).check_saved(wanted.to)
    return asked


def _notice(asked: Asked) -> Asked:
    """The privacy notice that the message is to carry."""
    if asked.standing is None:
        return asked
    return replace(asked, notice=due_notice(asked.wanted, asked.standing, asked.rules, table=asked.table))


# THE list. What fills in a template stands before `content`; who may write to whom is asked after `reply`.
CHECKS: tuple[Check, ...] = (
    Check("rules", _rules),
    Check("template", _template),
    Check("content", _content),
    Check("file", _file),
    Check("times", _times),
    Check("linked", _linked),
    Check("backlog", _room),
    Check("contact", _contact),
    Check("reply", _reply),
    Check("consent", _consent),
    Check("saved", _saved),
    Check("notice", _notice),
)
