"""What callers get about chats, contacts and groups. What is not known is null, never left out."""

from pydantic import BaseModel, Field

from api.answers import Chat, Message

_TIME = "2026-11-22T12:00:00.000Z"
_NEXT = "Hand it back as `cursor` for the next page. Null: that was all."


class ChatOverview(BaseModel):
    chat: Chat
    active_at: str = Field(examples=[_TIME], description="When something was last written.")
    unread: int = Field(description="Messages that came in and were neither read nor answered; counted up to 50.")
    last_message: Message | None


class Chats(BaseModel):
    chats: list[ChatOverview]
    next_cursor: str | None = Field(description=_NEXT)


class Contacts(BaseModel):
    contacts: list[Chat]
    next_cursor: str | None = Field(description=_NEXT)


class Existence(BaseModel):
    """Kept for 24 hours where somebody is there, for one hour where nobody is."""

    exists: bool
    contact_id: str | None = Field(description="Our own id of who it is. Null: nobody.")
    pn: str | None = Field(examples=["4915112345678@c.us"])
    lid: str | None = Field(examples=["123456789012345@lid"])


class Participant(BaseModel):
    chat: Chat
    admin: bool


class AddedParticipant(BaseModel):
    chat: Chat
    added: bool
    code: int = Field(description="WhatsApp's reason, in the manner of HTTP: 200 done, 403 must be invited, 409 is in.")


class Group(BaseModel):
    contact_id: str = Field(description="Our own id of the group: it stands in paths.")
    id: str | None = Field(examples=["120363000000000000@g.us"], description="The chat id to send to.")
    subject: str | None


class Groups(BaseModel):
    groups: list[Group]


class GroupWithParticipants(Group):
    participants: list[Participant]


class MadeGroup(Group):
    participants: list[AddedParticipant] = Field(description="What became of each.")


class ChangedGroup(BaseModel):
    added: list[AddedParticipant] = Field(description="What became of each who was not in the group yet.")
    group: GroupWithParticipants


class PairingCode(BaseModel):
    """Type it into the phone: Linked devices, Link with phone number instead."""

    code: str = Field(examples=["ABCD-EFGH"])
    expires_at: str = Field(examples=[_TIME])
