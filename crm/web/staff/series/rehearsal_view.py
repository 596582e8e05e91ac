"""A rehearsal in words and bars."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.kernel.readable import as_read
from crm.permission.reasons import Reason  # noqa: TC001 - beside other run-time imports
from crm.permission.words import explain
from crm.web.staff import times, words
from crm.workflows.foresight.rehearsal_audience import Audience
from crm.workflows.foresight.rehearsal_told import Event, Happening, Left, Rehearsal

PAGE: Final = 50
NAMES: Final = 12
"""People named beside one reason; the rest is a number."""

_LIFTED: Final = {
    "everything": "Everything is paused. This is what would happen if it were resumed now.",
    "mailbox": "The mailbox is paused. This is what would happen if it were resumed now.",
    "sequence": "The sequence is paused. This is what would happen if it were resumed now.",
}


@dataclass(frozen=True, slots=True)
class Mails:
    """One page of them."""

    rows: list[dict[str, Any]]
    said: str
    newer: int | None
    older: int | None


def stats(told: Rehearsal) -> list[dict[str, Any]]:
    """What matters most."""
    people = len({one.prospect_id for one in told.mails})
    busiest = max(told.load.items(), key=lambda one: one[1], default=None)
    return [
        {"key": "Mails", "value": f"{len(told.mails):,}", "detail": f"to {people:,} people"},
        {
            "key": "Left out",
            "value": f"{len(told.left):,}",
            "detail": "may not begin now" if told.left else "everybody may begin",
            "warn": bool(told.left),
        },
        {
            "key": "Last one leaves",
            "value": _day(told.last) if told.last else "—",
            "detail": f"{times.clock(told.last)} our time" if told.last else "no mail at all",
        },
        {
            "key": "Busiest day",
            "value": f"{busiest[1]:,}" if busiest else "—",
            "detail": _date(busiest[0][1]) if busiest else "",
        },
        {
            "key": f"After {(told.ends - told.starts).days} days",
            "value": f"{len(told.under_way):,}",
            "detail": "still on their way",
        },
    ]


def plots(told: Rehearsal, session: Session) -> list[dict[str, Any]]:
    """Bars of each mailbox's working days, from the first mail to the last."""
    names = dict(session.execute(select(Mailbox.id, Mailbox.address)).all())
    found = []
    for box in sorted({box for box, _ in told.load}):
        days = [day for one, day in told.load if one == box]
        whole = [min(days) + timedelta(days=more) for more in range((max(days) - min(days)).days + 1)]
        shown = [day for day in whole if day.weekday() < 5 or told.load[box, day]]
        both = {day: told.load[box, day] + told.load_of_others[box, day] for day in shown}
        pace = told.paces[box][0]
        others = sum(told.load_of_others[box, day] for day in shown)
        found.append(
            {
                "id": box,
                "name": names.get(box, ""),
                "days": [{"label": _date(day), "value": both[day]} for day in shown],
                "top": max(*both.values(), 2),
                "others": others,
                "cap": pace.daily_cap,
                "ramp": pace.is_ramping,
            }
        )
    return found


def mails(told: Rehearsal, *, start: int) -> Mails:
    """Every mail in the order in which they leave, a page at a time."""
    found = told.mails
    start = min(start - start % PAGE, max(len(found) - 1, 0) // PAGE * PAGE)
    rows = [_mail(told, one) for one in found[start : start + PAGE]]
    end = start + len(rows)
    said = f"{start + 1:,} to {end:,} of {len(found):,}" if rows else "none"
    return Mails(rows, said, start - PAGE if start else None, end if end < len(found) else None)


def _mail(told: Rehearsal, one: Event) -> dict[str, Any]:
    person = told.people[one.prospect_id]
    there = one.at.astimezone(person.zone)
    waits = one.due_at is not None and one.at - one.due_at >= timedelta(minutes=1)
    return {
        "id": person.id,
        "name": as_read(person.name or person.address),
        "company": person.company,
        "country": person.country,
        "step": one.position,
        "day": f"{there:%a} {there.day} {there:%b}",
        "clock": f"{there:%H:%M}",
        "ours": times.clock(one.at) if there.utcoffset() != times.local(one.at).utcoffset() else "",
        "waits": waits,
    }


def left_out(told: Rehearsal) -> list[dict[str, Any]]:
    """Who would not be enrolled, by the first reason, the most first."""
    by_reason: dict[Reason, list[Left]] = {}
    for one in told.left:
        by_reason.setdefault(one.decision.against[0].reason, []).append(one)
    rows: list[dict[str, Any]] = []
    for found in by_reason.values():
        said = explain(found[0].decision.against[0])
        rows.append(
            {
                "title": said.title if len(found) == 1 else said.short[:1].upper() + said.short[1:],
                "mend": said.mend,
                "number": len(found),
                "names": _names(told, [one.person.id for one in found]),
                "more": max(len(found) - NAMES, 0),
            }
        )
    return sorted(rows, key=lambda one: -one["number"])


def cut_short(told: Rehearsal) -> list[dict[str, Any]]:
    """Who would begin and not come to the end, by reason."""
    found: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], list[int]] = {}
    for one in told.events:
        if one.what in {Happening.STOPPED, Happening.PAUSED} and one.reason is not None:
            key = (words.STOPPED[one.reason], one.detail.replace("_", " "))
            found[key] += 1
            people.setdefault(key, []).append(one.prospect_id)
    return [
        {
            "title": said[:1].upper() + said[1:],
            "mend": detail,
            "number": number,
            "names": _names(told, people[said, detail]),
            "more": max(number - NAMES, 0),
        }
        for (said, detail), number in found.most_common()
    ]


def _names(told: Rehearsal, ids: list[int]) -> list[tuple[int, str]]:
    return [(one, as_read(told.people[one].name or told.people[one].address)) for one in ids[:NAMES]]


def assumed(told: Rehearsal) -> list[str]:
    """What it takes for granted, where that may surprise."""
    one = told.assumed
    said = [_LIFTED[name] for name in one.lifted]
    if one.approved:
        said.append(
            "First mails wait for a colleague here. They count as approved the moment they are written."
        )
    if one.unchecked:
        said.append(
            f"The mail domains of {one.unchecked:,} are not looked up yet. They count as taking mail."
        )
    if one.left_off:
        said.append(
            f"{one.left_off:,} more people are on their way than are reckoned with: days may be fuller."
        )
    return said


def cut(people: Audience) -> str:
    """What of a list is not in it, where it is longer than a rehearsal."""
    begin = f"{len(people.ids):,} {'person' if len(people.ids) == 1 else 'people'}"
    if not people.left:
        return f"This is for {begin}, the first of the list: a rehearsal holds no more."
    return (
        f"The list is longer than a rehearsal. {len(people.asked):,} of it were looked at, those with a"
        f" ground on record first. This is for the {begin} who may begin; below are the reasons of the"
        f" {people.left:,} left out."
    )


def _day(at: datetime) -> str:
    here = times.local(at)
    return f"{here.day} {here:%b}"


def _date(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
