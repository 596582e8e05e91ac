"""When too much of a step's mail goes wrong: pure judgement over counts (behaviour B16)."""

import enum
from dataclasses import dataclass


class Fault(enum.StrEnum):
    """What went wrong, the worst first."""

    COMPLAINTS = "complaints"
    BOUNCES = "bounces"
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a step's mail in the window."""

    sent: int
    """Whatever a provider took, and what it refused because there is no such mailbox."""

    bounced: int
    """Of those: the mailbox does not exist, for good."""

    complained: int
    """Of those: their readers called it spam."""

    blocked: int = 0
    """Of those: refused for what we are or wrote; the addresses are good."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From which share on a sequence stops by itself."""

    bounce_rate: float
    """Of what came back for good; and, apart, of what was refused for what we are or wrote."""

    complaint_rate: float
    over_mails: int
    """Below so many mails a share says nothing."""


def judge(record: Record, limits: Limits) -> Fault | None:
    """The worst fault; None when all is well, or too little was sent to tell."""
    if record.sent < limits.over_mails:
        return None
    if record.complained >= limits.complaint_rate * record.sent and record.complained:
        return Fault.COMPLAINTS
    if record.bounced >= limits.bounce_rate * record.sent and record.bounced:
        return Fault.BOUNCES
    if record.blocked >= limits.bounce_rate * record.sent and record.blocked:
        return Fault.BLOCKS
    return None
