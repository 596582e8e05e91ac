"""What the delivery room asks of a provider that reports: signed posts, read into events of ours."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import CrmError


class Report(enum.StrEnum):
    """What a provider says happened."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCE = "bounce"
    """Their server said no, for good as far as the provider can tell."""

    BLOCKED = "blocked"
    """Their server said no to us or for now; the address stays valid."""

    DROPPED = "dropped"
    """The provider took it and did not try: `code` says why."""

    OPEN = "open"
    CLICK = "click"
    SPAM_REPORT = "spam_report"
    UNSUBSCRIBE = "unsubscribe"
    FOUND = "found"
    """The provider was asked, and has it."""

    OTHER = "other"
    """A kind this program does not know: kept, and changes nothing."""


class Drop(enum.StrEnum):
    """Why a provider took a message and did not try to deliver it."""

    BOUNCED = "bounced"
    INVALID = "invalid"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    QUOTA = "quota"
    CONTENT = "content"
    OTHER = "other"


REFUSING = frozenset({Report.SPAM_REPORT, Report.UNSUBSCRIBE})
"""A person's no, whatever it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One event, read. Holds an address and a server's words, so it stays in memory."""

    report: Report
    word: str
    """The provider's own word for it, at most 32 of a-z, 0-9 and _."""

    reference: str = ""
    """The public id of our message; empty when it names none."""

    address: EmailAddress | None = None
    happened_at: datetime
    """As stated: may be in the future, or long ago."""

    event_id: str = ""
    """The provider's own name for the event; may change when it is told again, or be missing."""

    says: str
    """Everything that tells this event from others, its name and the time of telling left out."""

    status: str = ""
    words: str = ""
    """What their server said, at most 500 characters."""

    drop: Drop | None = None
    by_machine: bool = False
    agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A post whose signature holds."""

    digest: str
    """64 hex digits of its stamp and bytes: names the post, not the signature, which has many forms."""

    events: Sequence[Reported]


class UnsignedPostError(CrmError):
    """Not from our provider, or not from now. `fault` is for our own log: the sender gets one answer."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"The post is not believed: {fault}.")
        self.fault = fault


class UnreadablePostError(CrmError):
    """Signed, and yet no list of events."""


class EventHook(Protocol):
    """Believes and reads what a provider posts."""

    def read(self, headers: Sequence[tuple[str, str]], body: bytes, *, now: datetime) -> SignedPost:
        """The events of a post that one of our keys signed; `now` is real time.

        Raises:
            UnsignedPostError: anything but a fresh signature of ours over exactly these bytes.
            UnreadablePostError: the signature holds, and the body is no list.
        """
        ...
