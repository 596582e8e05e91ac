"""What the delivery room asks of the outside: something that takes mail, and a look at what it took.

Every behaviour of a provider is a value, never an exception (D1): the caller has marked the messages as
leaving, and must be able to say of each of them what became of it.
"""

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

BATCH_LIMIT = 10
"""So many messages a worker may be in doubt about at once (D1)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message for one recipient, as it goes out."""

    public_id: str
    """The message's own id; opaque, and the same for ever."""
    sender: str
    """Envelope sender, where bounces go (a VERP address)."""
    recipient: str
    """Exactly one address, its domain in A-label form."""
    wire: bytes
    """The finished message: CRLF lines of at most 998 octets, 7 bit."""


class NotSentReason(enum.StrEnum):
    """Why a message certainly did not leave, though nobody said no to it."""

    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    LOGIN_REFUSED = "login_refused"
    SENDER_REFUSED = "sender_refused"
    MISCONFIGURED = "misconfigured"
    THROTTLED = "throttled"
    DEFERRED = "deferred"
    OUT_OF_TIME = "out_of_time"
    NO_SPACE = "no_space"

    @property
    def is_of_one_mail(self) -> bool:
        """Whether another mail might fare better; otherwise it is the provider's trouble, or ours."""
        return self is NotSentReason.DEFERRED


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message; its acceptance was read."""

    provider_id: str | None
    """The provider's own name for it, at most 64 characters, when it gave one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A definite no to this message; trying again would not help."""

    code: str
    """A reply code (`550 5.1.1`, `400`) or a word of our own (`malformed`); at most 32 characters."""
    detail: str
    """The provider's words without addresses; at most 200 characters."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The message is not with the provider, for certain: it may be tried again.

    Either no byte of its body left, or the provider answered the whole of it with a no that is temporary, or
    that is about us and not about the message.
    """

    reason: NotSentReason
    retry_after: timedelta | None = None
    """When the provider named a time (1 second to 15 minutes); else the outbox's own back-off."""
    pause_mailbox: bool = False
    """Nothing from this mailbox will pass until a person has looked at its settings."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Some of the body left, and no answer says what became of it. Never tried again by itself."""

    reason: str
    """A word of our own, at most 32 long: `timed_out`, `connection_lost`, `unreadable_answer`, `answer_…`."""


Outcome = Accepted | Rejected | NotSent | Uncertain


class Mailer(Protocol):
    """Something that takes finished messages."""

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """Hand over at most ten messages; one outcome for each, in the same order.

        Whatever the provider does, this returns: within 30 seconds for the batch, 20 for one message.
        A message that was not begun in time is `NotSent`. Safe to call from several threads.

        Raises:
            ValueError: more than ten messages; nothing was sent.
        """
        ...

    def close(self) -> None:
        """Give back connections; sending again opens new ones."""
        ...


@dataclass(frozen=True, slots=True)
class RelayLook:
    """What somebody sees who looks whether a relay would take our mail."""

    works: bool
    words: str


class RelayCheck(Protocol):
    """Looks at the relay, without sending anything."""

    def look(self) -> RelayLook:
        """Connect, check the certificate, log in, say goodbye; within 20 seconds."""
        ...


@dataclass(frozen=True, slots=True)
class SentMail:
    """A line in the list of what the mailbox mailer took."""

    key: str
    """Opaque name to read it by; the message's public id."""
    recipient: str
    subject: str
    """Decoded, on one line."""
    sent_at: datetime
    """Its Date, by the calendar; where it has none, when it was handed over. UTC."""


class SentMailViewer(Protocol):
    """Reads what the mailbox mailer took, as a recipient would see it."""

    def newest(
        self, *, recipient: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[SentMail]:
        """Newest first; with `recipient`, only theirs (as sent, case aside); `before` pages on from a key."""
        ...

    def read(self, key: str) -> bytes | None:
        """The message with its trace headers (`Return-Path`, `Delivered-To`), or None when there is none."""
        ...

    def remove(self, keys: Collection[str]) -> int:
        """Erase messages for good; how many there were. Erasing one twice is no error."""
        ...
