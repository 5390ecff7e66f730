"""How the page names people and messages. Numbers stay out of `repr`."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """Both names of a person; either may be unknown (decision 11). `pn` is `<digits>@c.us`, `lid` is `<digits>@lid`."""

    pn: str | None = field(default=None, repr=False)
    lid: str | None = field(default=None, repr=False)


NOBODY = Person()


@dataclass(frozen=True, slots=True)
class MessageKey:
    """WhatsApp's name of a message. `id` is the hex part; `chat` the form the page uses, `@c.us`, `@lid` or `@g.us`."""

    from_me: bool
    chat: str = field(repr=False)
    id: str
    participant: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        parts = ("true" if self.from_me else "false", self.chat, self.id, self.participant)
        return "_".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Target:
    """A message that something happened to. `chat` is None for a group; `author` is None for our own."""

    key: MessageKey
    chat: Person | None
    author: Person | None
