"""What a person may choose on the unsubscribe page, and what each choice writes down."""

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.inbox.person import Person
from crm.web.public.languages import TIME_ZONE

LONGEST_SNOOZE: Final = 12  # months
_ZONE: Final = ZoneInfo(TIME_ZONE)


class Choice(enum.StrEnum):
    """The choices, widest first: the right to object is absolute (GDPR article 21(3))."""

    NEVER = "never"
    COMPANY = "company"
    SERIES = "series"
    LATER = "later"
    MEASURING = "measuring"
    REMOVE = "remove"


class Fault(enum.StrEnum):
    """What is missing in a form; the template has the words."""

    NO_CHOICE = "no_choice"
    NO_MONTH = "no_month"


_WRITES: Final[Mapping[Choice, tuple[RefusalScope, RefusalReason]]] = {
    Choice.NEVER: (RefusalScope.ADDRESS, RefusalReason.OBJECTION),
    Choice.COMPANY: (RefusalScope.DOMAIN, RefusalReason.OBJECTION),
    Choice.SERIES: (RefusalScope.SEQUENCE, RefusalReason.UNSUBSCRIBE),
    Choice.LATER: (RefusalScope.SNOOZE, RefusalReason.UNSUBSCRIBE),
    Choice.MEASURING: (RefusalScope.MEASURING, RefusalReason.OBJECTION),
    Choice.REMOVE: (RefusalScope.ADDRESS, RefusalReason.ERASURE),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A form as it was sent."""

    choice: Choice | None
    until: datetime | None = None
    """Midnight before the chosen month, for `later`."""

    fault: Fault | None = None


ASKED: Final = Chosen(Choice.NEVER)
"""The form as it is first shown: the widest choice is preselected."""


def offered(found: Person, series: int | None) -> tuple[Choice, ...]:
    """What can be kept: no company where nobody or everybody owns the domain, no series that is gone."""
    missing = set()
    if found.known is None or found.known.domain is None:
        missing.add(Choice.COMPANY)
    if series is None:
        missing.add(Choice.SERIES)
    return tuple(choice for choice in Choice if choice not in missing)


def months_after(now: datetime) -> list[datetime]:
    """The beginnings of the next twelve months, as our clocks count."""
    local = now.astimezone(_ZONE)
    this = local.year * 12 + local.month - 1
    return [
        datetime(number // 12, number % 12 + 1, 1, tzinfo=_ZONE)
        for number in range(this + 1, this + 1 + LONGEST_SNOOZE)
    ]


def read(sent: Mapping[str, str], choices: Collection[Choice], *, now: datetime) -> Chosen:
    """What somebody chose among what is offered."""
    text = sent.get("choice", "")
    if text not in {choice.value for choice in choices}:
        return Chosen(None, fault=Fault.NO_CHOICE)
    choice = Choice(text)
    if choice is not Choice.LATER:
        return Chosen(choice)
    month = sent.get("month", "")
    until = next((first for first in months_after(now) if f"{first:%Y-%m}" == month), None)
    return Chosen(choice, until and until.astimezone(UTC), None if until else Fault.NO_MONTH)


def wish_for(chosen: Chosen, series: int | None, *, at: datetime, message: str) -> Wish:
    """What is written down for a choice without a fault."""
    assert chosen.choice is not None
    scope, reason = _WRITES[chosen.choice]
    return Wish(
        scope=scope,
        reason=reason,
        channel="page",
        at=at,
        scope_id=series if scope is RefusalScope.SEQUENCE else None,
        until=chosen.until,
        message=message,
    )
