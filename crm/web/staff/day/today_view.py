"""Today in words: the queue, and what is open beside it."""

from typing import Any

from flask import url_for

from crm.conversations.models import TaskKind
from crm.kernel.errors import NotFoundError
from crm.kernel.readable import as_read
from crm.permission.findings import Decision
from crm.permission.words import explain
from crm.queries.pages import open_tasks
from crm.queries.pages import today as query
from crm.queries.pages.events import Event, Kind
from crm.queries.pages.prospect import Sheet, sheet
from crm.queries.pages.timeline import timeline
from crm.queries.pages.today import Item
from crm.replies.models import InboundMail
from crm.sequences.models import StopReason
from crm.staff.roles import Act, may
from crm.web.context import me, now, reading, services
from crm.web.staff import times, words
from crm.web.staff.day import spam_report
from crm.web.staff.day.suggestions import labels, suggestion
from crm.web.staff.forms import NoteForm
from crm.web.staff.people import prospect_view

_LATELY = 5  # events beside what is open


def queue() -> list[dict[str, Any]]:
    """What waits, by kind; a kind of which nothing waits is left out."""
    groups = [
        ("reply", "Replies", "reply", _items("reply")),
        ("task", "Due today", "alarm-clock", _items("task")),
        ("uncertain", "We do not know whether these left", "circle-question-mark", _items("uncertain")),
    ]
    return [
        {
            "title": title,
            "icon": icon,
            "items": [_line(kind, item) for item in items[: query.MOST]],
            "is_more": len(items) > query.MOST,
        }
        for kind, title, icon, items in groups
        if items
    ]


def _items(kind: str) -> list[Item]:
    session = reading()
    if kind == "reply":
        return query.replies(session)
    if kind == "task":
        return query.due_tasks(session, staff_id=me().id, until=times.end_of_day(now()))
    return query.in_doubt(session) if kind == "uncertain" and may(me().role, Act.RESOLVE) else []


def _line(kind: str, item: Item) -> dict[str, Any]:
    word, tone = words.REPLY.get(item.code, ("", "")) if kind == "reply" else ("", "")
    if kind == "task":
        word, tone = {"step": ("Sequence waits", "info"), "review": ("Please decide", "wait")}.get(
            item.code, ("", "")
        )
    late = kind == "task" and item.at < times.midnight(now())
    when = times.brief(item.at, now())
    return {
        "kind": kind,
        "id": item.id,
        "href": url_for("today.pane", kind=kind, item_id=item.id)
        if kind != "uncertain"
        else url_for("uncertain.listing"),
        "name": as_read(item.name),
        "company": item.company,
        "initials": words.initials(item.name),
        "tint": (item.prospect_id or 0) % 8,
        "when": times.inside(when) if late else when,
        "late": late,
        "what": spam_report.line(item.prospect_id) if item.code == spam_report.KIND else item.what,
        "word": word,
        "tone": tone,
    }


def pane(kind: str, item_id: int) -> dict[str, Any]:
    """What is open beside the queue.

    Raises:
        NotFoundError: somebody dealt with it meanwhile, or it was erased.
    """
    item = next((one for one in _items(kind) if one.id == item_id), None)
    if item is None:
        raise NotFoundError
    mail = reading().get(InboundMail, item_id) if kind == "reply" else None
    report = spam_report.of(mail) if mail else None
    events = timeline(reading(), item.prospect_id) if item.prospect_id else []
    said = next((one for one in events if one.kind is Kind.MAIL), None)
    held = open_tasks.held_by(reading(), item.id) if item.code == TaskKind.REVIEW.value else None
    series, reason = held or (None, None)
    return {
        **_line(kind, item),
        "prospect_id": item.prospect_id,
        "is_step": item.code == TaskKind.STEP.value,
        "late_step": series if reason is StopReason.TOO_LATE else None,
        "held_series": series if reason is not StopReason.TOO_LATE else None,
        "mail": _mail(mail, item, report) if mail else None,
        "report": report,
        "before": said.subject if mail and said else "",
        "labels": labels(item.code, is_known=report["waits"] if report else item.prospect_id is not None),
        "suggested": suggestion(mail, now()) if mail else None,
        "may": None,
        "facts": [],
        "lately": [],
        "note_form": NoteForm(),
        **(_person(item.prospect_id, events, answers=bool(mail and not report)) if item.prospect_id else {}),
    }


def _person(prospect_id: int, events: list[Event], *, answers: bool) -> dict[str, Any]:
    found = sheet(reading(), prospect_id, now=now(), settings=services().settings)
    asked = found.may_answer if answers else found.may_write_by_hand
    return {
        "may": _may(asked, "answer" if answers else "write"),
        "facts": _facts(found),
        "lately": lately(events, prospect_id),
    }


def lately(events: list[Event], prospect_id: int) -> list[dict[str, Any]]:
    """The newest of somebody's events, each with its day."""
    return [
        prospect_view.event(one, prospect_id=prospect_id, at=times.short(one.at, now()))
        for one in events[:_LATELY]
    ]


def _may(decision: Decision, what: str) -> tuple[str, str, str]:
    """The gate's answer as a pill: text, tone and icon."""
    if decision.allows:
        return f"You may {what}", "yes", "shield-check"
    state = words.VERDICT[decision.verdict]
    why = explain(decision.reasons[0]).short if decision.reasons else ""
    start = "Not yet" if state == "wait" else "Do not write"
    return f"{start}: {why}" if why else start, state, "timer" if state == "wait" else "shield-x"


def _facts(found: Sheet) -> list[tuple[str, str]]:
    person, series = found.person, prospect_view.series(found, now())
    facts = [
        ("Stage", words.STATUS[person.status][0]),
        ("Role", person.role or "not known"),
        ("Where", f"{person.country or 'country not known'}, {prospect_view.there(found, now())}"),
        ("Sequence", f"{series['name']}: {series['state']}" if series else "none"),
    ]
    return facts if person.role else [fact for fact in facts if fact[0] != "Role"]


def _mail(mail: InboundMail, item: Item, report: dict[str, Any] | None) -> dict[str, Any]:
    """The mail as it came; a report is the provider's, whoever it names."""
    who = report["who"] if report else item.name
    return {
        "who": as_read(who),
        "initials": words.initials(who),
        "tint": 0 if report else (item.prospect_id or 0) % 8,
        "to": "us",
        "when": times.short(mail.received_at, now()),
        "iso": mail.received_at.isoformat(),
        "subject": mail.subject_line,
        "text": mail.text or "This mail could not be read. It is kept as it came.",
        "lang": "",
        "theirs": True,
        "headers": report["headers"] if report else None,
    }
