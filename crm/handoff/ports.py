"""What the hand-off room asks of the image service. The contract is `docs/image-service.md`."""

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The service has the lead. Asked again with the same body, it answers the same."""

    remote_id: str
    """The service's own name for the lead, at most 64 characters."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The service knows this lead id with another body: for a person to look into, never retried."""

    detail: str
    """A word of the contract, such as `other_body`; at most 64 characters."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will not take this lead as it is; trying again would not help."""

    detail: str
    """`answer_` and the status, or the service's own word after it; at most 64 characters."""


class TryLaterReason(enum.StrEnum):
    """Why nobody can say yet whether the service has the lead."""

    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    UNREADABLE_ANSWER = "unreadable_answer"
    BUSY = "busy"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class TryLater:
    """Doubt, or a temporary no. Safe to ask again: the lead's id makes it one lead."""

    reason: TryLaterReason
    retry_after: timedelta | None = None
    """When the service named a time (1 second to 1 hour); else the caller's own back-off."""


HandOver = Acknowledged | Conflict | Refused | TryLater


class ImageService(Protocol):
    """Takes leads."""

    def hand_over(self, lead_id: str, body: bytes) -> HandOver:
        """Give the service a lead: the frozen body as it is, under the lead's id as its key for ever.

        Whatever the service does, this returns within 20 seconds. Safe to repeat.
        """
        ...
