"""What the long run is judged by: the provider's history, what people heard, and the tables at its end."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import text

from crm.kernel.db import Database

LATE: Final = timedelta(hours=5)
"""What was due so long ago at the end, and still waits where nobody looks, is lost."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the calendar's pace excuses."""

    late: timedelta = LATE
    on_its_way: timedelta = timedelta()
    """From the claim, when the office was open, to the hand-over."""

    leases_at: datetime | None = None
    """Real time, where leases follow it: what a dead worker holds until later is not lost yet."""


STEPPED: Final = Pace()
"""The calendar stands still while anybody works."""

_IN_HAND: Final = {"claimed", "sending"}
COUNTED: Final = "count_as_sent"
"""A colleague said so."""

_ENDED: Final = (
    "sent", "delivered", "bounced", "complained", "withheld", "rejected", "cancelled", "not_sent",
    "uncertain",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A hand-over that was begun, with what was on record about it then."""

    public_id: str
    recipient: str
    at: datetime
    kind: str
    step: tuple[int, int] | None
    """Enrolment and step."""

    country: str
    zone: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody was told that nothing more comes."""

    recipient: str
    place: int
    """How long the provider's history was then."""


@dataclass
class Verdicts:
    """What is wrong, by what it is."""

    duplicates: list[str] = field(default_factory=list)
    after_a_final_answer: list[str] = field(default_factory=list)
    outside_the_window: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    """On record as sent, and the provider never saw it."""

    died: list[str] = field(default_factory=list)
    """Processes that ended though nobody killed them."""

    errors: list[str] = field(default_factory=list)
    """In a log, or as an answer to a request."""

    gauges: list[str] = field(default_factory=list)
    """Memory, open files, the database's log: more than there should be."""

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing."""
        return not any(vars(self).values())


def judge(
    database: Database,
    history: Sequence[HandedOver],
    told: Sequence[Heard],
    again: Mapping[str, int],
    at: datetime,
    pace: Pace = STEPPED,
) -> Verdicts:
    """Compare. `again`: how often a colleague asked for a second copy of a message."""
    found = Verdicts()
    found.duplicates = list(_duplicates(history, again))
    found.outside_the_window = [
        f"{one.recipient} at {one.at}" for one in history if _is_outside(one, pace.on_its_way)
    ]
    with database.reading() as session:
        messages = session.execute(
            text(
                "SELECT public_id, enrolment_id, state, due_at, outcome, lease_until FROM messages"
                " ORDER BY id"
            )
        ).all()
        enrolments = session.execute(
            text("SELECT id, state, position, next_due_at, resumes_at FROM enrolments")
        ).all()
        tasks = set(session.execute(text("SELECT enrolment_id FROM tasks WHERE done_at IS NULL")).scalars())
        leaving = " ".join(
            session.execute(
                text("SELECT detail FROM audit_entries WHERE action = 'refuse.in_flight'")
            ).scalars()
        )
    found.after_a_final_answer = [
        f"{one.recipient} at {one.at}"
        for heard in told
        for one in history[heard.place :]
        if one.recipient == heard.recipient and one.kind != "rights" and one.public_id not in leaving
    ]
    names = {one.public_id for one in history}
    found.invented = [
        row.public_id
        for row in messages
        if row.state == "sent" and row.public_id not in names and row.outcome != COUNTED
    ]
    since = _written(at - pace.late)
    paused = {row.id for row in enrolments if row.state == "paused"}
    found.lost = [
        f"message {row.public_id} is {row.state}"
        for row in messages
        if row.state not in _ENDED
        and row.enrolment_id not in paused
        and not (row.state == "due" and row.due_at > since)
        and not (row.state in _IN_HAND and pace.leases_at and row.lease_until > _written(pace.leases_at))
    ]
    live = {row.enrolment_id for row in messages if row.state in {"due", "held", "uncertain"}}
    found.lost += [
        f"enrolment {row.id} waits for nothing"
        for row in enrolments
        if row.state == "running"
        and not (row.next_due_at and row.next_due_at > since)
        and row.id not in live | tasks
    ]
    return found


def _duplicates(history: Sequence[HandedOver], again: Mapping[str, int]) -> Iterator[str]:
    copies = Counter(one.public_id for one in history)
    yield from (name for name, count in copies.items() if count > 1 + again.get(name, 0))
    # With the recipient: SQLite gives the number of an erased person's enrolment to the next one.
    messages = {one.public_id: (one.recipient, one.step) for one in history if one.step}
    steps = Counter(messages.values())
    yield from (f"step {step}" for (_, step), count in steps.items() if count > 1)


def _is_outside(one: HandedOver, on_its_way: timedelta) -> bool:
    """Nine to five of a working day where they are; only mail nobody asked for."""
    if one.kind not in {"outreach", "manual"}:
        return False
    claimed = (one.at - on_its_way, one.at)
    return not any(_is_open(moment.astimezone(ZoneInfo(one.zone)), one.country) for moment in claimed)


def _is_open(here: datetime, country: str) -> bool:
    return time(9) <= here.time() < time(17) and _is_working_day(here.date(), country)


def _written(moment: datetime) -> str:
    """As SQLite has it."""
    return str(moment.replace(tzinfo=None))


@cache
def _free(country: str, year: int) -> frozenset[date]:
    theirs = holidays.country_holidays(country, subdiv="ENG" if country == "GB" else None, years=year)
    return frozenset(theirs) | frozenset(holidays.country_holidays("NL", years=year))


def _is_working_day(day: date, country: str) -> bool:
    return day.weekday() < 5 and day not in _free(country, day.year)
