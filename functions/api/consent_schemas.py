"""What callers send about consent, and what a tenant sets about it."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints

from api.schemas import MAX_ADDRESS, Request
from waypost.domain.consent import Policy
from waypost.domain.consent_settings import MAX_NOTICE, MAX_WORDS, NoticeMode
from waypost.domain.keywords import MAX_WORD

MAX_PROOF = 2000
MAX_CSV = 200_000
_WORD = r"^[a-z0-9][a-z0-9_\-]{0,39}$"
_TAG = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
_TIME = "2026-11-22T12:00:00Z"

Purpose = Annotated[str, StringConstraints(pattern=_WORD)]
Language = Annotated[str, StringConstraints(pattern=_TAG)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=MAX_WORD)]
Confirmation = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Notice = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTICE)]
SessionName = Annotated[str, StringConstraints(pattern=r"^ses_[0-9a-hjkmnp-tv-z]{26}$")]

ContactParameter = Annotated[
    str,
    Path(
        max_length=MAX_ADDRESS,
        pattern=r"^[0-9A-Za-z+(][0-9A-Za-z_@.+\-() ]*$",
        description="A `contact_id`, a number, or a chat id. Paths end up in many logs: the `contact_id` tells nobody"
        " anything.",
        examples=["con_00000000000000000000000000"],
    ),
]
PurposeParameter = Annotated[str | None, Query(pattern=_WORD, description="Only this purpose. None: all.")]


class NewConsent(Request):
    purpose: Purpose | None = Field(
        None, examples=["appointments"], description="What it is for. None: the tenant's default purpose."
    )
    means: str = Field(
        pattern=_WORD, examples=["web_form"], description="How it was given: `web_form`, `paper`, `phone` …"
    )
    proof: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_PROOF,
        examples=["Form 4711, box 2 ticked"],
        description="What shows it. Kept sealed.",
    )
    given_at: str | None = Field(None, max_length=40, examples=[_TIME], description="RFC 3339. None: now.")
    until: str | None = Field(None, max_length=40, examples=["2027-11-22T12:00:00Z"], description="None: for ever.")


class ConsentList(Request):
    csv: str = Field(
        min_length=1,
        max_length=MAX_CSV,
        examples=["chat,purpose,means,given_at\n+4915112345678,news,paper,2026-11-22T12:00:00Z\n"],
        description="A table with a header line. Columns: `chat`, `means`, `given_at`, and if you like `purpose`,"
        " `proof`, `until`, `withdrawn_at`. Comma or semicolon; at most 500 rows.",
    )


class ConsentRules(Request):
    """All of it: what is left out gets its default."""

    policy: Policy = Field("open", description="What a message asks for. Nobody who opted out is written to, ever.")
    sessions: dict[SessionName, Policy] = Field(
        default_factory=dict, max_length=500, description="Sessions with a policy of their own, by their ids."
    )
    default_purpose: Purpose = Field("messages", description="The purpose of messages that name none.")
    language: Language = Field("en", description="Where nothing tells a person's language.")
    stop_words: list[Word] = Field(
        default_factory=list, max_length=MAX_WORDS, description="Beside those in 39 languages that are known."
    )
    start_words: list[Word] = Field(default_factory=list, max_length=MAX_WORDS)
    confirm: bool = Field(True, description="Tell people once that their STOP or START was understood.")
    stopped: dict[Language, Confirmation] = Field(
        default_factory=dict, max_length=100, description="What they are told then, by language; ours otherwise."
    )
    started: dict[Language, Confirmation] = Field(default_factory=dict, max_length=100)
    bulk_to_saved_only: bool = Field(
        True, description="Bulk runs go only to people whom the session's account has saved as contacts."
    )
    notice: NoticeMode = Field(
        "none",
        description="How the first message to a person carries the privacy notice: `prefix` before its text, `separate`"
        " as a message of its own before it.",
    )
    notices: dict[Language, Notice] = Field(
        default_factory=dict, max_length=100, description="The privacy notice by language."
    )


type ConsentStep = Literal["given", "withdrawn", "opted_out", "returned"]
