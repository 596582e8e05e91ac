"""What a rehearsal tells: every mail with its moment, who is left out and why, and the load of each day."""

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from crm.delivery.pacing import Pace
from crm.permission.findings import Decision
from crm.queries.gate.recipients import Recipient
from crm.sequences.models import StopReason
from crm.sequences.shape import Version


class Happening(enum.StrEnum):
    """What happens to somebody in a sequence."""

    MAIL = "mail"
    TASK = "task"
    """A colleague has something to do."""

    STOPPED = "stopped"
    PAUSED = "paused"
    """It waits for a person."""

    FINISHED = "finished"


class Event(NamedTuple):
    """One thing that happens."""

    at: datetime
    """A mail: the tick at which it leaves."""

    what: Happening
    enrolment_id: int
    """Of people who are not enrolled yet, the number they would get if nobody else is enrolled before."""

    prospect_id: int
    position: int
    due_at: datetime | None = None
    """Of a mail: when it would leave if nothing were in front of it. Of a task: when it counts as done."""

    mailbox_id: int | None = None
    reason: StopReason | None = None
    detail: str = ""
    """Codes of the gate, or what a text lacks."""


class Left(NamedTuple):
    """Somebody who would not be enrolled."""

    person: Recipient
    decision: Decision


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a rehearsal takes for granted."""

    lifted: tuple[str, ...] = ()
    """What is paused now, and counts as resumed: "everything", "mailbox", "sequence"."""

    unchecked: int = 0
    """People whose mail domain nobody has looked up; it counts as one that takes mail."""

    approved: bool = False
    """First mails wait for a colleague; they count as approved at once."""

    task_days: int = 0
    """Working days after which a task is done."""

    left_off: int = 0
    """People on their way whose mail is not reckoned with: more run than a rehearsal takes."""


@dataclass(slots=True)
class Rehearsal:
    """Everything that would happen, in order."""

    starts: datetime
    ends: datetime
    version: Version
    people: Mapping[int, Recipient]
    """The cohort, by id; those who are left out too."""

    left: Sequence[Left]
    assumed: Assumed
    paces: Mapping[int, tuple[Pace, str]]
    """Pace and time zone of each mailbox."""

    events: list[Event] = field(default_factory=list)
    """Of the cohort."""

    others: list[Event] = field(default_factory=list)
    """Of everybody who is on their way already."""

    under_way: set[int] = field(default_factory=set)
    """Of the cohort, enrolments that still go on at the end."""

    load: Counter[tuple[int, date]] = field(default_factory=Counter)
    """Mails of the cohort, by mailbox and its local day."""

    load_of_others: Counter[tuple[int, date]] = field(default_factory=Counter)

    @property
    def mails(self) -> list[Event]:
        """The cohort's, in the order in which they leave."""
        return [one for one in self.events if one.what is Happening.MAIL]

    @property
    def last(self) -> datetime | None:
        """When the last one leaves."""
        return max((one.at for one in self.mails), default=None)
