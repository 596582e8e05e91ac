"""What the judge may read: what the provider was asked to take, and what people were told."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import idna


class Answer(StrEnum):
    """What the worker could read of the provider's answer."""

    NONE = "none"
    """It died, or the answer was lost."""

    ACCEPTED = "accepted"
    SAID = "said"
    """They said no; nobody has answered yet."""

    REFUSED = "refused"
    AGAIN = "again"
    """A temporary no, before the first byte of the body."""


@dataclass(slots=True)
class HandOver:
    """One time that a worker turned to the provider with one message."""

    place: int
    at: datetime
    public_id: str
    recipient: str
    wire: bytes
    taken: bool = False
    answer: Answer = Answer.NONE

    @property
    def left(self) -> bool:
        """A byte of the body may have left."""
        return self.answer is not Answer.AGAIN

    @property
    def step(self) -> tuple[int, int] | None:
        """Sequence and step by what stands in the letter; None for one written by hand."""
        found = _STEP.search(self.wire)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def is_unasked(self) -> bool:
        """A step, or a first mail by hand: both say so in their text."""
        return self.step is not None or b"handwerk-" in self.wire

    @property
    def mailbox(self) -> str:
        found = _FROM.search(self.wire)
        assert found is not None, "no From"
        return found[1].decode()


_STEP = re.compile(rb"stap-(\d+)-(\d+)-")
_FROM = re.compile(rb"^From: [^<]*<([^>]+)>", re.MULTILINE)


class What(StrEnum):
    """What somebody was told, or told the program and saw done."""

    SAID = "said"
    """They said no; nobody has answered yet."""

    REFUSED = "refused"
    SNOOZED = "snoozed"
    ANSWERED = "answered"
    CONVERTED = "converted"
    STOPPED = "stopped"
    REPORTED = "reported"
    """A provider's event was taken in."""

    DECIDED = "decided"
    """A colleague decided a doubt."""

    PAUSED = "paused"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Told:
    """One acknowledgement."""

    what: What
    whom: str
    """A mailbox or `@domain` in one spelling, a message's public id, a scope."""

    place: int
    """How long the provider's history was then."""

    at: datetime
    is_final: bool = True
    detail: str = ""
    until: datetime | None = None


def one_spelling(address: str) -> str:
    """The judge's own normaliser: case, blanks, IDNA, a trailing dot."""
    local, _, domain = address.strip().casefold().rpartition("@")
    domain = domain.rstrip(".")
    return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
