"""What callers get. Times are RFC 3339 in UTC with milliseconds; what is not known is null, never left out."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from waypost.domain.event import EventType
from waypost.domain.message import Direction, Lane, Status

_TIME = "2026-11-22T12:00:00.000Z"


class Chat(BaseModel):
    """A person or a group. WhatsApp knows a person by number, by hidden id, or by both; either may be unknown."""

    id: str | None = Field(examples=["4915112345678@c.us"], description="The canonical chat id: `pn`, else `lid`.")
    contact_id: str = Field(description="Our own id of the contact: it never changes.")
    pn: str | None = Field(examples=["4915112345678@c.us"])
    lid: str | None = Field(examples=["123456789012345@lid"])
    name: str | None


class Me(BaseModel):
    """The account that the session is linked to."""

    id: str | None
    pn: str | None
    lid: str | None
    name: str | None


class Linking(BaseModel):
    """The code that is on the screen now."""

    attempt: int = Field(examples=[1], description="Each attempt is a cycle of up to six codes (R-AUTH-1).")
    attempts: int = Field(examples=[3], description="After the last one the login ends until somebody asks again.")
    sequence: int = Field(description="Counts the codes of this login.")
    expires_at: str = Field(examples=[_TIME])


class Profile(BaseModel):
    """The copy that the session would be restored from, should its worker be lost with its disk."""

    version: str = Field(examples=["00000001.000001"])
    backed_up_at: str = Field(examples=[_TIME])
    restored_from: str | None = Field(description="The copy that the running browser came from. Null: its own profile.")


class SessionHealth(BaseModel):
    """The evidence behind the status, as its owner wrote it down last: at each change, and every two minutes or so."""

    checked_at: str | None = Field(examples=[_TIME], description="When the evidence was written down. Null: never yet.")
    page_answered_at: str | None = Field(examples=[_TIME])
    socket: str = Field(description="The line between the page and WhatsApp: `open`, `closed` or `unknown`.")
    last_ack_at: str | None = Field(examples=[_TIME], description="When WhatsApp last acknowledged a message of ours.")
    acks_outstanding: int = Field(description="Messages that wait for WhatsApp's acknowledgement.")
    oldest_unacknowledged_seconds: int | None
    last_received_at: str | None = Field(examples=[_TIME])
    restarts: int = Field(description="How often page or browser were started anew since this worker has the session.")
    last_trouble: str | None = Field(examples=["page_hung"], description="Why that was done last.")
    last_trouble_at: str | None = Field(examples=[_TIME])


class NumberReason(BaseModel):
    name: str = Field(
        examples=["nobody_answers"],
        description="`unknown_numbers`, `nobody_answers`, `people_say_stop`, `never_delivered`, `sends_fail` or"
        " `restricted`.",
    )
    points: int = Field(description="How many points it takes.")
    share: int = Field(description="Percent of the messages that it is measured against; of restrictions: how many.")


class NumberHealth(BaseModel):
    """How much the number is at risk, from what people and WhatsApp did in the last seven days."""

    score: int = Field(examples=[100], description="From 100 (well) to 0.")
    level: Literal["good", "watch", "at_risk"] = Field(description="When it comes to be at risk, bulk is paused.")
    reasons: list[NumberReason]
    at: str = Field(examples=[_TIME], description="When it was last judged anew.")


class Session(BaseModel):
    id: str = Field(examples=["ses_00000000000000000000000000"])
    name: str
    status: str = Field(examples=["working"])
    reason: str | None = Field(description="Why it is in this status.")
    since: str = Field(examples=[_TIME], description="When the status began.")
    linked: bool
    restricted_until: str | None = Field(examples=[_TIME], description="Until then WhatsApp refuses new chats.")
    wakes_at: str | None = Field(examples=[_TIME], description="Asleep: when it wakes by itself, if nothing else does.")
    health: SessionHealth
    linking: Linking | None = Field(description="Null: there is no code to scan.")
    next: str | None = Field(
        examples=["scan_code"],
        description="What somebody has to do: `scan_code`, `finish_on_operator_machine`, `start_again` or"
        " `ask_whatsapp`. Null: nothing.",
    )
    command: str | None = Field(description="The command line that does it, where there is one.")
    relink_at: str | None = Field(
        examples=[_TIME],
        description="When the account has to be linked again by policy (R-AUTH-2); a `session_status` with a `warning`"
        " of kind `relink_due` tells of it each day before. Null: it is not linked, or lasts for ever.",
    )
    me: Me | None
    multi_device: bool = Field(True, description="The only mode that WhatsApp has (R-AUTH-3).")
    build: str = Field(description="wa-js and the WhatsApp Web build that run in it.")
    created_at: str = Field(examples=[_TIME])
    metadata: dict[str, str]
    identity: dict[str, Any]
    profile: Profile | None = Field(description="Null: there is no copy yet.")
    degraded: dict[str, str] = Field(
        examples=[{}],
        description="What WhatsApp does not do at present, with the last reason: `text`, `media`, `groups`. The rest"
        " works.",
    )
    number: NumberHealth | None = Field(description="Null: nothing was counted yet.")


class Sessions(BaseModel):
    sessions: list[Session]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class LinkAddress(BaseModel):
    url: str = Field(
        examples=["https://waypost.example/link/0000_secret"],
        description="For the person with the phone. Whoever has it first can link an account: pass it on with care.",
    )
    expires_at: str = Field(examples=[_TIME])


class QrCode(BaseModel):
    code: str = Field(description="The text in the QR code.")
    attempt: int = Field(examples=[1], description="Which of three attempts it belongs to (R-AUTH-1).")
    sequence: int = Field(description="Counts the codes that the session has shown.")
    expires_at: str = Field(examples=[_TIME])


class Reaction(BaseModel):
    by: Chat | None = Field(description="Null: this account.")
    emoji: str


class MadeFrom(BaseModel):
    """The template that a text was made from."""

    name: str
    language: str
    version: int


class Failure(BaseModel):
    """What WhatsApp said of a message that it did not take."""

    category: Literal["authentication", "rate_limit", "network", "whatsapp_api", "validation", "business_logic"]
    words: str | None = Field(description="WhatsApp's own, without whom they name; of a refused file, ours.")
    whatsapp_error: int | None = Field(examples=[463], description="WhatsApp's error number.")
    mend: str | None = Field(None, description="What to do about it, where that is known.")


class MessageMedia(BaseModel):
    """The file of a message. What is null is not known, or not yet."""

    id: str = Field(examples=["med_00000000000000000000000000"])
    state: Literal["pending", "ready", "failed"]
    mime: str | None = Field(None, examples=["image/jpeg"])
    size: int | None = None
    sha256: str | None = None
    filename: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    view_once: bool = False
    has_thumbnail: bool = False
    code: str | None = Field(
        None,
        examples=["media_gone"],
        description="Of what came in: why it failed; while it is pending, why the last try did.",
    )


class MessageLocation(BaseModel):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None
    accuracy_m: float | None = Field(None, description="Of one that moves, as the next three.")
    speed_mps: float | None = None
    heading_degrees: float | None = None
    sequence: int | None = None


class MessageContact(BaseModel):
    name: str | None
    vcard: str
    numbers: list[str] = Field([], examples=[["+4915112345678"]], description="As the card has them.")


class MessagePoll(BaseModel):
    question: str
    options: list[str]
    selectable: int = Field(description="How many may be chosen. 0: any number.")


class MessageVote(BaseModel):
    """What somebody chose in a poll; a newer vote replaces an older one."""

    poll: str | None = Field(description="The message that is the poll, where it is known.")
    options: list[str] = Field(description="None: the vote was taken back.")


class Message(BaseModel):
    id: str = Field(examples=["msg_00000000000000000000000000"])
    session_id: str
    chat: Chat
    direction: Direction
    type: str = Field(
        examples=["text"],
        description="text, image, gif, video, audio, voice, document, sticker, location, contact, poll; what comes in"
        " also video_note, live_location, poll_vote, and view_once for what the phone alone was given to see once. Of a"
        " file that nobody has looked at yet it is a guess.",
    )
    text: str | None = Field(description="Of a file: its caption.")
    media: MessageMedia | None = Field(description="Its file.")
    location: MessageLocation | None
    contacts: list[MessageContact] | None
    poll: MessagePoll | None
    vote: MessageVote | None
    status: Status
    reason: str | None
    failure: Failure | None = Field(description="Null: it did not fail.")
    lane: Lane
    source: Literal["api", "phone", "page"] = Field(description="Where it was first seen.")
    reply_to: str | None
    whatsapp_id: str | None = Field(
        examples=["3EB0C431D26A1916E07D3A"], description="The hex part of WhatsApp's own id."
    )
    created_at: str = Field(examples=[_TIME])
    times: dict[str, str] = Field(examples=[{"accepted": _TIME}], description="When it reached each status.")
    attempts: int
    backfilled: bool = Field(description="It was found in the history, not seen as it happened.")
    purpose: str | None = Field(description="What it is for, where that was given. Null: the default purpose.")
    template: MadeFrom | None
    notice: bool = Field(description="Whether it carries the privacy notice.")
    author: Chat | None = Field(description="Who wrote it, in a group. Null: the chat itself, or this account.")
    mentions: list[str] = Field(description="Chat ids of people whom the text names.")
    reactions: list[Reaction] = Field(description="One a person.")
    edited_at: str | None = Field(examples=[_TIME], description="When it was last edited; `text` is the newest.")
    revoked_at: str | None = Field(examples=[_TIME], description="When it was taken back. Then there is no text.")
    send_at: str | None = Field(examples=[_TIME], description="Not sent before. Null: as soon as it may.")
    expires_at: str | None = Field(examples=[_TIME], description="Not sent from then on.")
    bulk_id: str | None = Field(description="The bulk run that it belongs to.")
    moved_from: str | None = Field(description="The message that it stands in for, because its session is gone.")


class Messages(BaseModel):
    messages: list[Message]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class CloudEvent(BaseModel):
    """CloudEvents 1.0, JSON form, with the extensions `sessionid`, `generation`, `sequence` and `build`."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: EventType
    subject: str
    time: str = Field(examples=[_TIME])
    datacontenttype: str
    sessionid: str
    generation: int
    sequence: int = Field(description="The event's number: 1, 2, 3 … without gaps within a generation.")
    build: str
    data: dict[str, Any] | None = Field(
        default=None,
        description="What happened. A `message_status_update` with `change` tells of a message that was sent before, "
        "by us or by others: `edited` (`text`, `edited_at`), `revoked` (`by`, `revoked_at`), `reaction` "
        "(`by`, `emoji`; null: taken back) or `media` (`media`: the file that came with it is here, "
        "failed, or is asked for again). `by` null is this account; `status` is then what it was. In a "
        "group, `from` and `by` are members, and a message is delivered or read once all members have it.",
    )
    unreadable: str | None = Field(default=None, description="Why there is no data: its key was erased, say.")


class Events(BaseModel):
    events: list[CloudEvent]
    next_after: int = Field(description="Hand it back as `after`.")
    generation: int


class Webhook(BaseModel):
    id: str = Field(examples=["whk_00000000000000000000000000"])
    url: str
    events: list[EventType] = Field(description="The kinds that are posted.")
    session_id: str | None = Field(description="Null: all sessions.")
    disabled: str | None = Field(description="Why nothing is posted any more. Null: it is active.")
    created_at: str = Field(examples=[_TIME])
    state: Literal["active", "failing", "silent", "disabled"] = Field(
        description="failing: the latest post was not taken. silent: nobody answers, so one event at a time is tried."
    )
    pending: int = Field(description="How many events it is owed, counted up to 1000.")
    oldest_pending_at: str | None = Field(examples=[_TIME], description="Since when the oldest of them waits.")
    last_delivered_at: str | None = Field(examples=[_TIME])
    last_failed_at: str | None = Field(examples=[_TIME])
    last_error: str | None = Field(description="What the latest failure was.", examples=["it answered 503"])
    rotating_until: str | None = Field(
        examples=[_TIME], description="Until then an older secret signs beside the present one. Null: there is one."
    )


class WebhookWithSecret(Webhook):
    secret: str = Field(examples=["whsec_…"], description="Verifies the signature of every post. Shown only here.")


class Delivery(BaseModel):
    """One post. What was posted is in the log of events, under its id."""

    at: str = Field(examples=[_TIME])
    event_id: str
    attempt: int = Field(description="Counts the posts of this event in a row.")
    delivered: bool
    status: int | None = Field(description="The HTTP status of the answer. Null: there was none.")
    milliseconds: int
    error: str | None


class Deliveries(BaseModel):
    deliveries: list[Delivery] = Field(description="The newest first; the latest 1000 of seven days are kept.")
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class DeadLetter(BaseModel):
    """An event that was given up."""

    id: str = Field(description="The event's id.")
    session_id: str
    generation: int
    sequence: int
    reason: str = Field(examples=["it answered 500"])
    died_at: str = Field(examples=[_TIME])


class DeadLetters(BaseModel):
    dead_letters: list[DeadLetter]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page. Null: that was all.")


class Redelivery(BaseModel):
    queued: int = Field(description="How many events will be posted again.")
    more: bool = Field(description="There are more than one request can take: repeat it, with a new Idempotency-Key.")
    unknown: list[str] = Field(description="Ids that are no dead letters of this webhook, or not any more.")


class Replay(BaseModel):
    queued: int = Field(description="How many events will be posted again.")
    next_after: int = Field(description="How far it got: the `after` of the next request, where there is `more`.")
    more: bool


class Webhooks(BaseModel):
    webhooks: list[Webhook]


class WebhookTest(BaseModel):
    delivered: bool
    status: int | None = Field(description="The HTTP status that the endpoint answered, if it did.")
    error: str | None = Field(description="A stable code of what went wrong.", examples=["network"])
    milliseconds: int


class Health(BaseModel):
    status: Literal["ok"]
    version: str
    engine: str
