"""A prospect's page in words: the facts and the timeline, from what the queries read."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from flask import url_for

from crm.conversations.models import TaskKind
from crm.delivery.models import MessageState
from crm.kernel.readable import as_read
from crm.kernel.zones import zone_for
from crm.prospects.models import Status
from crm.queries.pages.events import Event, Kind
from crm.queries.pages.prospect import Sheet
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import EnrolmentState, StopReason
from crm.web.staff import times, words

_LOOKS = {
    Kind.NOTE: ("notebook-pen", "wait"),
    Kind.CALL: ("phone", "wait"),
    Kind.MEETING: ("users", "hot"),
    Kind.MAIL: ("send", "info"),
    Kind.REPLY: ("reply", "plum"),
    Kind.OPENING: ("eye", ""),
    Kind.STATUS: ("trending-up", ""),
    Kind.SERIES: ("route", ""),
    Kind.TASK: ("check", "yes"),
    Kind.LEAD: ("rocket", "yes"),
    Kind.SOURCE: ("map-pin", ""),
    Kind.WISH: ("ban", "no"),
}
_SAID = {Kind.NOTE: "noted", Kind.CALL: "called", Kind.MEETING: "met them"}


def facts(sheet: Sheet, now: datetime) -> list[tuple[str, ...]]:
    """The facts card."""
    person, source = sheet.person, sheet.source
    found: list[tuple[str, ...]] = [
        ("Address", as_read(person.address), person.address_kind.value),
        ("Company", person.company, person.legal_form.value.replace("_", " ")),
        ("Website", as_read(person.domain or person.website) or "—"),
        ("Country", person.country or "not known"),
        ("Why them", person.relevance or "not written down yet", person.role_relevance),
    ]
    if source:
        where = source.words or source.url
        found.append(("Source", f"{words.SOURCE[source.kind.value]}, {source.obtained_on:%-d %b %Y}", where))
    found.append(("Since", times.day(person.created_at, now)))
    found.append(("Owner", sheet.owner or "nobody"))
    found.append(("Erased on", f"{sheet.erase_on:%-d %b %Y}", "unless they write to us before"))
    return found


def there(sheet: Sheet, now: datetime) -> str:
    """The time on their clock."""
    zone = zone_for(sheet.person.country or None, sheet.person.time_zone or None).zone
    return f"{now.astimezone(zone):%H:%M} there"


def days(events: list[Event], now: datetime, *, prospect_id: int) -> list[tuple[str, list[dict[str, Any]]]]:
    """The timeline by day, today first even when nothing has happened yet."""
    found = [
        (times.day(next_events[0].at, now), [event(one, prospect_id=prospect_id) for one in next_events])
        for _, next_events in (
            (key, list(group)) for key, group in groupby(events, key=lambda one: times.local(one.at).date())
        )
    ]
    today = times.day(now, now)
    return found if found and found[0][0] == today else [(today, []), *found]


def event(one: Event, *, prospect_id: int, at: str = "") -> dict[str, Any]:
    """One line or box of the timeline; `at` where the day is not above it."""
    icon, tone = _LOOKS[one.kind]
    slim = one.kind not in {Kind.NOTE, Kind.CALL, Kind.MEETING, Kind.REPLY}
    return {
        "id": f"{one.kind.value}-{one.id}-{one.code}",
        "icon": icon,
        "tone": tone,
        "who": _who(one),
        "what": _what(one),
        "when": "" if one.kind is Kind.SOURCE else at or times.clock(one.at),  # of a source: the day only
        "iso": one.at.isoformat(),
        "slim": slim,
        "letter": one.text if one.kind is Kind.MAIL else "",
        "text": "" if slim else one.text,
        "subject": one.subject if one.kind is Kind.REPLY else "",
        "lang": "",
        "theirs": one.kind is Kind.REPLY,
        "origin": one.origin.words if one.origin else "",
        "origin_url": (
            url_for("sequences.version", sequence_id=one.origin.sequence_id, number=one.origin.version)
            if one.origin
            else ""
        ),
        "undo_url": (
            url_for("prospect.take_back", prospect_id=prospect_id, note_id=one.id)
            if one.kind in _SAID
            else None
        ),
    }


def _who(one: Event) -> str:
    return "They" if one.kind in {Kind.REPLY, Kind.WISH} else one.who


def _what(one: Event) -> str:
    return _SAYINGS[one.kind](one)


def _of_mail(one: Event) -> str:
    return f"“{one.subject}” {words.MESSAGE[MessageState(one.code)][0]}"


_SERIES = {"enrolled": "enrolled", "paused": "paused by a colleague"}


def _of_series(one: Event) -> str:
    said = _SERIES.get(one.code) or words.STOPPED[StopReason(one.code)]
    return f"{one.detail}: {said}"


_SAYINGS: dict[Kind, Callable[[Event], str]] = {
    Kind.NOTE: lambda one: _SAID[one.kind],
    Kind.CALL: lambda one: _SAID[one.kind],
    Kind.MEETING: lambda one: _SAID[one.kind],
    Kind.MAIL: _of_mail,
    Kind.REPLY: lambda one: words.WROTE.get(one.code, "wrote"),
    Kind.OPENING: lambda one: f"“{one.subject}” {words.OPENED[one.code]}",
    Kind.STATUS: lambda one: f"Stage: {words.STATUS[Status(one.code)][0]}",
    Kind.SERIES: _of_series,
    Kind.TASK: lambda one: f"done: {one.text}",
    Kind.LEAD: lambda one: words.LEAD[one.code][0],
    Kind.WISH: lambda one: ", ".join(
        filter(None, (words.WISH.get(one.code, "used a right"), words.CHANNEL.get(one.detail, "")))
    ),
    Kind.SOURCE: lambda one: ": ".join(filter(None, (f"Address from {words.SOURCE[one.code]}", one.detail))),
}


_ENDS_MAY_MOVE: Final = frozenset({StopReason.BY_STAFF, StopReason.OUT_OF_OFFICE})
"""Pauses that wait for a day, not for an answer to a question of ours or for a day that they named."""


def series(sheet: Sheet, now: datetime) -> dict[str, Any] | None:
    """The newest sequence, in words; None when they were in none."""
    if not sheet.series:
        return None
    row, name = sheet.series[0].enrolment, sheet.series[0].name
    running = row.state in ACTIVE
    said = words.STOPPED[row.stop_reason] if row.stop_reason else f"on step {row.position}"
    next_at = sheet.next_mail_at or row.next_due_at
    coming = f"Next: {times.inside(times.short(next_at, now))}." if next_at else ""
    if row.state is EnrolmentState.PAUSED:
        said = "paused by a colleague" if row.stop_reason is StopReason.BY_STAFF else said
        coming = f"Until {times.inside(times.day(row.resumes_at, now))}." if row.resumes_at else ""
    return {
        "id": row.id,
        "name": name,
        "running": running,
        "state": row.state.value,
        "said": said,
        "next": coming if running else "",
        "until": f"{times.local(row.resumes_at):%Y-%m-%d}" if row.resumes_at else "",
        "may_move_end": row.state is EnrolmentState.PAUSED and row.stop_reason in _ENDS_MAY_MOVE,
        "is_late": row.state is EnrolmentState.PAUSED and row.stop_reason is StopReason.TOO_LATE,
        "tomorrow": f"{times.local(now) + timedelta(days=1):%Y-%m-%d}",
    }


def _due(at: datetime, now: datetime) -> str:
    """When it is due; what is late stands behind a word that says so."""
    when = times.short(at, now)
    return times.inside(when) if at < now else when


def tasks(sheet: Sheet, now: datetime) -> list[dict[str, Any]]:
    """Open tasks, late ones in words."""
    held = {
        one.enrolment.id: one.enrolment.stop_reason
        for one in sheet.series
        if one.enrolment.state is EnrolmentState.PAUSED
    }
    asked = {id_ for id_, reason in held.items() if reason is StopReason.TOO_LATE}
    return [
        {
            "id": task.id,
            "title": task.title,
            "when": _due(task.due_at, now),
            "late": task.due_at < now,
            "late_step": task.enrolment_id if task.enrolment_id in asked else None,
            "press": "Leave it paused"
            if task.kind is TaskKind.REVIEW and task.enrolment_id in held
            else "Done, go on"
            if task.kind is TaskKind.STEP
            else "Done",
        }
        for task in sheet.tasks
    ]
