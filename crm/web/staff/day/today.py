"""Today: whom to answer, what is due, what we are unsure about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.conversations import tasks
from crm.conversations.models import TaskKind
from crm.kernel.errors import NotFoundError
from crm.operations import alarms, heartbeat
from crm.queries.pages import today as query
from crm.queries.pages.alarms import standing
from crm.staff.roles import Act, may
from crm.web import flashes
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, real_now, services
from crm.web.staff import times
from crm.web.staff.day import alarm_words
from crm.web.staff.day import today_view as view
from crm.workflows.desk.do_task import do_task, undo_task
from crm.workflows.inbox.handle_reply import Label, handle_reply
from crm.workflows.inbox.handle_reply import take_back as take_reply_back

bp = Blueprint("today", __name__)


@bp.get("/")
@allows(Act.SEE)
def show() -> ResponseReturnValue:
    """The queue, and the first of it open beside."""
    return render_template("staff/today/show.html", alarms=_alarms(), **_desk())


def _alarms() -> list[dict[str, Any]]:
    """What stands still, at the top; first of all that nobody is heard."""
    resumes = may(me().role, Act.PAUSE)
    found = [alarm_words.of(one, may_resume=resumes) for one in standing(reading())]
    since = heartbeat.silent_since(reading(), at=real_now())
    return [alarm_words.silent_inbox(times.short(since, real_now())), *found] if since else found


@bp.post("/today/messages/<int:message_id>/seen")
@allows(Act.PAUSE)
def seen(message_id: int) -> ResponseReturnValue:
    """Somebody saw to a message that was laid aside, and that no other page shows."""
    with services().database.transaction() as session:
        scope = f"{alarms.MESSAGE} {message_id}"
        alarms.resolve(session, scope, kind=alarms.LAID_ASIDE, by=me().id, at=now())
    return redirect(url_for("today.show"), 303)


@bp.get("/today/waiting")
@allows(Act.SEE)
def waiting() -> ResponseReturnValue:
    """What waits at this moment, for a page that has been open a while; what is open beside it stays."""
    return render_template("staff/today/_waiting.html", **_desk(is_whole="whole" in request.args))


@bp.get("/today/<kind>/<int:item_id>")
@allows(Act.SEE)
def pane(kind: str, item_id: int) -> ResponseReturnValue:
    """One thing that waits, beside the queue; a whole page on a phone and without script."""
    found = view.pane(kind, item_id)
    if is_htmx():
        return render_template("staff/today/_pane.html", pane=found)
    return render_template("staff/today/one.html", pane=found, **_counted(view.queue()))


@bp.post("/tasks/<int:task_id>/done")
@allows(Act.TASK)
def done(task_id: int) -> ResponseReturnValue:
    """Tick a task off."""
    with services().database.transaction() as session:
        task = do_task(session, task_id, by=me().id, at=now())
    if task is None:
        return _next("Somebody did that before you.", None)
    if task.kind is TaskKind.STEP:  # its sequence has gone on
        return _next("Done. The sequence goes on.", None)
    return _next("Done", url_for("today.undo", task_id=task_id))


@bp.post("/tasks/<int:task_id>/undo")
@allows(Act.TASK)
def undo(task_id: int) -> ResponseReturnValue:
    """Take the tick back."""
    with services().database.transaction() as session:
        task = undo_task(session, task_id)
    return _next(
        "It is on your list again" if task else "That cannot be taken back: the sequence went on.", None
    )


@bp.post("/tasks/<int:task_id>/snooze")
@allows(Act.TASK)
def snooze(task_id: int) -> ResponseReturnValue:
    """Tomorrow at nine, or Monday."""
    day = times.local(now()) + timedelta(days=1)
    day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))
    until = day.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
    with services().database.transaction() as session:
        was = tasks.snooze(session, task_id, until=until)
    if was is None:
        return _next("That was done before.", None)
    back = times.short(until, now()).replace("Tomorrow", "tomorrow at")
    return _next(f"Comes back {back}", url_for("today.wake", task_id=task_id, due=was.isoformat()))


@bp.post("/tasks/<int:task_id>/wake")
@allows(Act.TASK)
def wake(task_id: int) -> ResponseReturnValue:
    """Undo a snooze: due again when it was."""
    try:
        due = datetime.fromisoformat(request.args.get("due", ""))
    except ValueError:
        due = now()
    with services().database.transaction() as session:
        was = tasks.snooze(session, task_id, until=due.astimezone(UTC))
    return _next("It is on your list again" if was else "That was done meanwhile.", None)


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
        is_back = take_reply_back(session, inbound_id, by=me().id, at=now())
    return _next("It is on Today again" if is_back else "A colleague dealt with it.", None)


def _desk(*, is_whole: bool = True) -> dict[str, Any]:
    """The queue as it is now, with its first item open beside it where the whole is wanted."""
    queue = view.queue()
    first = next((item for group in queue for item in group["items"]), None)
    upcoming = query.next_task_at(reading(), staff_id=me().id, after=times.end_of_day(now()))
    return {
        **_counted(queue),
        "queue": queue,
        "current": first,
        "pane": view.pane(first["kind"], first["id"]) if first and is_whole else None,
        "upcoming": times.short(upcoming, now()).replace("Tomorrow", "tomorrow at") if upcoming else "",
    }


def _counted(queue: list[dict[str, Any]]) -> dict[str, Any]:
    """Which day it is, and how much of it is done: for the head of the page, with every answer."""
    done = query.done_today(reading(), staff_id=me().id, since=times.midnight(now()))
    waiting = sum(len(group["items"]) for group in queue)
    return {"day": times.long_day(now()), "done": done, "total": done + waiting}


def _next(text: str, undo_url: str | None) -> ResponseReturnValue:
    """After an act: the queue as it is now, the next one open, and a way back."""
    if not is_htmx():
        return redirect(flashes.after(_back(), text, undo_url, me()), 303)
    is_asked_for = request.headers.get("HX-Target", "").endswith("desk")  # an undo comes from its toast
    return render_template(
        "staff/today/_desk.html", is_asked_for=is_asked_for, text=text, undo_url=undo_url, **_desk()
    )


def _back() -> str:
    """The page the form stood on; Today where that page was about what is done now."""
    came_from = request.referrer or ""
    home = url_for("today.show")
    if not came_from.startswith(request.host_url) or urlsplit(came_from).path.startswith("/today/"):
        return home
    return came_from
