"""The six ports: what Waypost asks of an engine. Two engines implement them (`engines/embedded`, `engines/aws`).

Everything is synchronous: Lambda handlers are, and the worker calls through `asyncio.to_thread`.
One contract suite (`tests/contract`) says what each method promises; the AWS limits named here hold in every engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

# What an item's attribute may be. Numbers are whole: DynamoDB's decimals have no use here.
type Value = str | int | bool | bytes | Sequence[Value] | Mapping[str, Value] | None
type Item = dict[str, Value]

MAX_ITEM_BYTES = 400 * 1024  # DynamoDB's limit of one item
MAX_TRANSACTION_WRITES = 100  # DynamoDB's limit of one transaction
MAX_QUEUE_BODY_BYTES = 1024 * 1024  # SQS since 2025
MAX_DELAY_SECONDS = 900  # SQS, standard queues only
MAX_RECEIVE = 10  # SQS
DEDUPLICATION_SECONDS = 300  # SQS FIFO, counted from the first send, also after the message was deleted


@dataclass(frozen=True, slots=True)
class Key:
    """Where an item lives: partition key and sort key."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One named condition on the item as it is stored before the write.

    `name` says in words when it holds and is what an error reports. `op` is one of
    `absent`/`exists` (the attribute is missing/present; on `pk` it means the item),
    `eq`, `ne`, `lt`, `le`, `gt`, `ge` (a missing attribute satisfies none of these but `ne`),
    `in` (the value is one of `value`, a sequence).
    """

    name: str
    attribute: str
    op: Literal["absent", "exists", "eq", "ne", "lt", "le", "gt", "ge", "in"]
    value: Value = None


@dataclass(frozen=True, slots=True)
class When:
    """A condition: every clause of at least one of the `any_of` groups holds. Empty means always."""

    any_of: tuple[tuple[Clause, ...], ...] = ()

    @classmethod
    def all(cls, *clauses: Clause) -> "When":
        return cls((clauses,))

    def or_all(self, *clauses: Clause) -> "When":
        return When((*self.any_of, clauses))


ALWAYS = When()


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole item. `item` has `pk` and `sk`."""

    item: Item
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class Update:
    """Change some attributes; a missing item is created. `add` adds to a whole number (missing counts as 0)."""

    key: Key
    set: Mapping[str, Value] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class Check:
    """Writes nothing, but the transaction fails when the condition does not hold."""

    key: Key
    when: When


type Write = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a query, in key order. `cursor` is opaque, None at the end; hand it back to go on."""

    items: list[Item]
    cursor: str | None


class Table(Protocol):
    """One table of items. Raises ConditionFailed, TransactionConflict, Throttled, ValidationError (AWS's limits).

    An index's two attributes are non-empty strings or missing; an item that lacks one is not in the index."""

    def get(self, key: Key, *, consistent: bool = True) -> Item | None: ...

    def query(
        self,
        pk: str,
        *,
        index: str | None = None,
        begins_with: str | None = None,
        between: tuple[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        descending: bool = False,
        cursor: str | None = None,
    ) -> Page:
        """Items of one partition in the order of the sort key.

        `index` names one of the blueprint's indexes (read eventually: it may be stale); None reads the table itself,
        consistently. `begins_with`, `between` (both ends inclusive) and `after` (exclusive) are about the sort key;
        at most one of them is given, and none is empty. A page that is full has a cursor even when nothing follows.
        """
        ...

    def put(self, item: Item, *, when: When = ALWAYS) -> None: ...

    def update(self, update: Update) -> Item:
        """Apply one update and return the item as it is after it."""
        ...

    def delete(self, key: Key, *, when: When = ALWAYS) -> None: ...

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing. At most MAX_TRANSACTION_WRITES, each on another item. ConditionFailed tells which."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is in flight: hidden from others until its visibility timeout ends or it is deleted."""

    body: str
    receipt: str
    message_id: str
    group: str | None
    receive_count: int
    sent_ms: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message nobody could handle. `reason` is for people and carries no body, number or secret (P6)."""

    body: str
    reason: str
    message_id: str
    group: str | None
    receive_count: int
    died_ms: int


class Queue(Protocol):
    """One queue: FIFO with groups and deduplication, or standard with a delay. Names and settings come from the
    blueprint. After the queue's `max_receives` a message moves to its dead-letter queue with the reason."""

    def send(
        self,
        body: str,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        delay_seconds: int = 0,
    ) -> str:
        """Put a message on the queue; returns its id. FIFO queues need `group` and `deduplication_id`, and answer a
        duplicate within DEDUPLICATION_SECONDS with the id of the first; only standard queues take a delay. Two groups
        never share a deduplication id: whether that is a duplicate depends on how the queue was made."""
        ...

    def receive(
        self, *, limit: int = MAX_RECEIVE, wait_seconds: float = 0, visibility_seconds: int | None = None
    ) -> list[Received]:
        """Up to `limit` messages. In a FIFO queue a group that has a message in flight gives none until it is
        deleted or visible again, and within a group order holds. Waits at most `wait_seconds` (20) for the first."""
        ...

    def delete(self, receipt: str) -> None:
        """Done with it. A receipt of an earlier receive, or of a message that is gone, does nothing."""
        ...

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Hide it for `seconds` from now on (0: give it back). Raises NotFound when it is no longer in flight."""
        ...

    def dead_letter(self, receipt: str, reason: str) -> None:
        """Move a message in flight to the dead letters, with why. Raises NotFound when it is no longer in flight."""
        ...

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Oldest first: those moved by `dead_letter` and those that reached `max_receives` (the reason says so)."""
        ...

    def depth(self) -> int:
        """About how many messages wait or are in flight."""
        ...


class Queues(Protocol):
    """The engine's queues by name: those of the blueprint, and a session's own, which are made with the session."""

    def queue(self, name: str) -> Queue:
        """A handle. Whoever uses one of a queue that does not exist gets NotFound."""
        ...

    def create_session_queues(self, session_id: str) -> None: ...

    def delete_session_queues(self, session_id: str) -> None: ...


class Blobs(Protocol):
    """Objects by key in one bucket. Raises NotFound."""

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str:
        """Store it and return its entity tag. With `if_absent`, ConditionFailed when the key is taken."""
        ...

    def get(self, key: str) -> bytes: ...

    def delete(self, key: str) -> None:
        """Does nothing when there is no such object."""
        ...

    def list(self, prefix: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Dropped:
    """What somebody put into the drop. `version` is another each time that it is put, also with the same bytes.
    `metadata` is what was said of it there, by lower-case name."""

    key: str
    version: str
    size: int
    arrived_ms: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class Drops(Protocol):
    """The drop: where people put files to be sent, under `drop/`, and find what was refused, under `rejected/`.

    A bucket, or a folder that people see. What lies there is plain and somebody else's, who may change it at any
    moment: whatever is done to a `Dropped` raises ConditionFailed when it is no longer that version.
    """

    def look(self, key: str) -> Dropped | None:
        """None when there is nothing, or nothing that could be read as a file."""
        ...

    def read(self, dropped: Dropped) -> Iterator[bytes]:
        """Its bytes in pieces; the last one comes when all of them were of that version."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Say something beside a file, in place of what was said there before."""
        ...

    def tags(self, key: str) -> Mapping[str, str]:
        """What `tag` noted last; empty when that was nothing."""
        ...

    def tag(self, key: str, tags: Mapping[str, str]) -> None:
        """Note what became of a file, where its owner sees it. Does nothing when no place is left to note it."""
        ...

    def move(self, dropped: Dropped, to: str) -> None:
        """Raises ConditionFailed also when something lies there."""
        ...

    def delete(self, dropped: Dropped) -> None: ...

    def let_go(self, dropped: Dropped) -> None:
        """Its bytes are needed no more. A folder removes it; in a bucket the tags hang on it, so it stays until the
        drop is emptied."""
        ...

    def empty(self, before_ms: int) -> int:
        """Remove what came before that time, and return how much: from a bucket everything, because nothing may stay
        there; from a folder, which may have lain there while nobody looked, only what was seen to."""
        ...


@dataclass(frozen=True, slots=True)
class DataKey:
    """A fresh AES-256 key: `plain` (32 bytes) is used and forgotten, `wrapped` is stored."""

    plain: bytes
    wrapped: bytes


class Keys(Protocol):
    """The key service. `context` is bound to a wrapped key: unwrapping with another context raises Tampered."""

    def generate_data_key(self, context: Mapping[str, str]) -> DataKey: ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes: ...

    def mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 (32 bytes) under a secret that never leaves the engine; `purpose` separates uses."""
        ...


class Push(Protocol):
    """Post to an open WebSocket connection, as API Gateway's @connections does."""

    def post(self, connection_id: str, data: bytes) -> None:
        """At most 128 KB. Raises NotFound when the connection is gone (410), Throttled when it is too slow."""
        ...

    def close(self, connection_id: str) -> None:
        """Does nothing when the connection is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """The six ports of one engine, ready to use. Tables by name, because wrapped keys live in one of their own."""

    tables: Mapping[str, Table]
    queues: Queues
    blobs: Mapping[str, Blobs]
    drops: Drops
    keys: Keys
    push: Push

    @property
    def main(self) -> Table:
        return self.tables["main"]

    @property
    def wrapped_keys(self) -> Table:
        return self.tables["keys"]
