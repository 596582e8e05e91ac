"""Today: whom to answer, what is due, what we are unsure about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.conversations import tasks
from crm.kernel.errors import NotFoundError
from crm.queries import today as query
from crm.queries.timeline import Kind, timeline
from crm.queries.today import Item
from crm.replies.models import InboundMail
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, services
from crm.web.staff import times, words
from crm.workflows.do_task import do_task, undo_task
from crm.workflows.handle_reply import Label, handle_reply
from crm.workflows.handle_reply import take_back as take_reply_back

bp = Blueprint("today", __name__)

_LABELS = [
    ("interested", "Interested", "star"),
    ("later", "Not now", "alarm-clock"),
    ("other", "Other desk", "user-x"),
]


@bp.get("/")
@allows(Act.SEE)
def show() -> ResponseReturnValue:
    """The queue, and the first of it open beside."""
    queue = _queue()
    first = next((item for group in queue for item in group["items"]), None)
    done = query.done_today(reading(), staff_id=me().id, since=_midnight())
    waiting = sum(len(group["items"]) for group in queue)
    upcoming = query.next_task_at(reading(), staff_id=me().id, after=now())
    return render_template(
        "staff/today/show.html",
        day=times.long_day(now()),
        queue=queue,
        done=done,
        total=done + waiting,
        pane=_pane(first["kind"], first["id"]) if first else None,
        current=first,
        upcoming=times.short(upcoming, now()) if upcoming else "",
    )


@bp.get("/today/<kind>/<int:item_id>")
@allows(Act.SEE)
def pane(kind: str, item_id: int) -> ResponseReturnValue:
    """One thing that waits, beside the queue; a whole page on a phone and without script."""
    found = _pane(kind, item_id)
    template = "staff/today/_pane.html" if is_htmx() else "staff/today/one.html"
    return render_template(template, pane=found, day=times.long_day(now()))


@bp.post("/tasks/<int:task_id>/done")
@allows(Act.NOTE)
def done(task_id: int) -> ResponseReturnValue:
    """Tick a task off."""
    with services().database.transaction() as session:
        task = do_task(session, task_id, by=me().id, at=now())
    undo = url_for("today.undo", task_id=task_id) if task is not None else None
    return _next("Done" if task is not None else "Somebody did that before you.", undo)


@bp.post("/tasks/<int:task_id>/undo")
@allows(Act.NOTE)
def undo(task_id: int) -> ResponseReturnValue:
    """Take the tick back."""
    with services().database.transaction() as session:
        task = undo_task(session, task_id)
    return _next(
        "It is on your list again" if task else "That cannot be taken back: the sequence went on.", None
    )


@bp.post("/tasks/<int:task_id>/snooze")
@allows(Act.NOTE)
def snooze(task_id: int) -> ResponseReturnValue:
    """Tomorrow at nine, or Monday."""
    day = times.local(now()) + timedelta(days=1)
    day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))
    until = day.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
    with services().database.transaction() as session:
        was = tasks.snooze(session, task_id, until=until)
    return _next(f"Comes back {times.short(until, now())}" if was else "That was done before.", None)


@bp.post("/replies/<int:inbound_id>/<label>")
@allows(Act.NOTE)
def label(inbound_id: int, label: str) -> ResponseReturnValue:
    """Say what a reply is; that deals with it."""
    if label not in set(Label):
        raise NotFoundError
    with services().database.transaction() as session:
        handle_reply(session, inbound_id, Label(label), by=me().id, at=now())
    return _next("Dealt with", url_for("today.take_back", inbound_id=inbound_id))


@bp.post("/replies/<int:inbound_id>/take-back")
@allows(Act.NOTE)
def take_back(inbound_id: int) -> ResponseReturnValue:
    """Put a reply back on Today."""
    with services().database.transaction() as session:
        is_back = take_reply_back(session, inbound_id, by=me().id)
    return _next("It is on Today again" if is_back else "A colleague dealt with it.", None)


def _next(text: str, undo_url: str | None) -> ResponseReturnValue:
    """After an act: the queue as it is now, the next one open, and a way back."""
    if not is_htmx():
        return redirect(request.referrer if _is_ours(request.referrer) else url_for("today.show"), 303)
    queue = _queue()
    first = next((item for group in queue for item in group["items"]), None)
    upcoming = query.next_task_at(reading(), staff_id=me().id, after=now())
    return render_template(
        "staff/today/_desk.html",
        is_asked_for=request.headers.get("HX-Target", "").endswith("desk"),  # an undo comes from its toast
        queue=queue,
        pane=_pane(first["kind"], first["id"]) if first else None,
        current=first,
        text=text,
        undo_url=undo_url,
        upcoming=times.short(upcoming, now()) if upcoming else "",
    )


def _is_ours(address: str | None) -> bool:
    return address is not None and address.startswith(request.host_url)


def _midnight() -> datetime:
    return times.local(now()).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _end_of_day() -> datetime:
    return _midnight() + timedelta(days=1)


def _queue() -> list[dict[str, Any]]:
    session = reading()
    groups = [
        ("reply", "Replies", "reply", query.replies(session)),
        ("task", "Due today", "alarm-clock", query.due_tasks(session, staff_id=me().id, until=_end_of_day())),
    ]
    if may(me().role, Act.RESOLVE):
        groups.append(
            (
                "uncertain",
                "We do not know whether these left",
                "circle-question-mark",
                query.in_doubt(session),
            )
        )
    return [
        {"title": title, "icon": icon, "items": [_line(kind, item) for item in items]}
        for kind, title, icon, items in groups
        if items
    ]


def _line(kind: str, item: Item) -> dict[str, Any]:
    word, tone = words.REPLY.get(item.code, ("", "")) if kind == "reply" else ("", "")
    if kind == "task":
        word, tone = {"step": ("Sequence waits", "info"), "review": ("Please decide", "wait")}.get(
            item.code, ("", "")
        )
    return {
        "kind": kind,
        "id": item.id,
        "href": url_for("today.pane", kind=kind, item_id=item.id)
        if kind != "uncertain"
        else url_for("uncertain.listing"),
        "name": item.name,
        "company": item.company,
        "initials": words.initials(item.name),
        "tint": (item.prospect_id or 0) % 8,
        "when": times.short(item.at, now()),
        "late": kind == "task" and item.at < _midnight(),
        "what": item.what,
        "word": word,
        "tone": tone,
    }


def _pane(kind: str, item_id: int) -> dict[str, Any] | None:
    """What is open beside the queue.

    Raises:
        NotFoundError: somebody dealt with it meanwhile, or it was erased.
    """
    session = reading()
    items = {
        "reply": lambda: query.replies(session),
        "task": lambda: query.due_tasks(session, staff_id=me().id, until=_end_of_day()),
        "uncertain": lambda: query.in_doubt(session),
    }.get(kind, list[Item])()
    item = next((one for one in items if one.id == item_id), None)
    if item is None:
        raise NotFoundError
    mail = session.get(InboundMail, item_id) if kind == "reply" else None
    events = timeline(session, item.prospect_id)[:6] if item.prospect_id else []
    said = next((one for one in events if one.kind is Kind.MAIL), None)
    return {
        **_line(kind, item),
        "prospect_id": item.prospect_id,
        "mail": _mail(mail, item) if mail else None,
        "before": said.subject if said else "",
        "labels": _LABELS,
    }


def _mail(mail: InboundMail, item: Item) -> dict[str, Any]:
    return {
        "who": item.name,
        "initials": words.initials(item.name),
        "tint": (item.prospect_id or 0) % 8,
        "to": "us",
        "when": times.short(mail.received_at, now()),
        "iso": mail.received_at.isoformat(),
        "subject": mail.subject_line,
        "text": mail.text or "This mail could not be read. It is kept as it came.",
        "lang": "",
        "theirs": True,
        "headers": None,
    }
