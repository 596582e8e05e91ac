"""Mailboxes and limits: how fast we send, how much one person gets, when a sequence stops by itself."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.audit import chain
from crm.kernel.text import one_line, whole_number
from crm.permission.budgets import DEFAULTS
from crm.permission.rules import Rule
from crm.queries.pages import limits as query
from crm.queries.pages.limits import Box, Limit
from crm.queries.sending.leaving import Reach, Scope
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times
from crm.web.staff.day.alarm_words import why_paused
from crm.web.staff.house import pausing
from crm.workflows.house.add_mailbox import add_mailbox, move_mailbox
from crm.workflows.house.set_mailbox import MailboxWish, set_mailbox
from crm.workflows.house.set_rules import Answerable, RuleFaultError, number_of, set_limits

bp = Blueprint("limits", __name__)

_NAMES = ("display_name", "sender_name")
_NUMBERS = ("daily_cap", "gap_minutes", "jitter_minutes", "ramp_start", "ramp_step")


@bp.get("/settings/limits")
@allows(Act.PAUSE)
def show() -> ResponseReturnValue:
    """What holds, what it was, and who changed it."""
    return _page()


@bp.post("/settings/limits")
@allows(Act.SETTINGS)
def change() -> ResponseReturnValue:
    """Change the numbers of the house: all of them, or none when one is wrong."""
    rules = [one.rule for one in query.limits(reading())]
    typed = {one.field: text for one in rules if (text := request.form.get(one.field)) is not None}
    if faults := {one.field: said for one in rules if one.field in typed and (said := _fault(typed, one))}:
        return _page(faults, typed), 422
    try:
        with services().database.transaction() as session:
            set_limits(session, typed, who=Answerable(me().id, now()))
    except RuleFaultError as error:
        return _page(error.fields, typed), 422
    return redirect(url_for("limits.show", did="saved"), 303)


@bp.post("/settings/mailboxes/<int:mailbox_id>")
@allows(Act.SETTINGS)
def mailbox(mailbox_id: int) -> ResponseReturnValue:
    """Change a mailbox's names and pace."""
    form = request.form
    wish = MailboxWish(
        display_name=one_line(form.get("display_name", "")),
        sender_name=one_line(form.get("sender_name", "")),
        **{name: _whole(form.get(name)) for name in _NUMBERS},
    )
    try:
        with services().database.transaction() as session:
            set_mailbox(session, mailbox_id, wish, who=Answerable(me().id, now()))
    except RuleFaultError as error:
        typed = {f"{mailbox_id}-{name}": form.get(name, "") for name in (*_NUMBERS, *_NAMES)}
        return _page({f"{mailbox_id}-{name}": said for name, said in error.fields.items()}, typed), 422
    return redirect(url_for("limits.show", did="saved"), 303)


@bp.post("/settings/mailboxes")
@allows(Act.SETTINGS)
def add() -> ResponseReturnValue:
    """Add a mailbox, with the default pace."""
    typed = {name: request.form.get(name, "") for name in ("address", *_NAMES)}
    try:
        with services().database.transaction() as session:
            add_mailbox(
                session,
                typed["address"],
                display_name=typed["display_name"],
                sender_name=typed["sender_name"],
                by=chain.Actor.staff(me().id),
                at=now(),
            )
    except RuleFaultError as error:
        return _page(
            {f"new-{name}": said for name, said in error.fields.items()},
            {f"new-{name}": text for name, text in typed.items()},
        ), 422
    return redirect(url_for("limits.show", did="saved"), 303)


@bp.post("/settings/mailboxes/<int:mailbox_id>/address")
@allows(Act.SETTINGS)
def move(mailbox_id: int) -> ResponseReturnValue:
    """Give a mailbox another address; what waits in the outbox keeps the old one."""
    address = request.form.get("address", "")
    try:
        with services().database.transaction() as session:
            move_mailbox(session, mailbox_id, address, by=chain.Actor.staff(me().id), at=now())
    except RuleFaultError as error:
        return _page({f"{mailbox_id}-address": str(error)}, {f"{mailbox_id}-address": address}), 422
    return redirect(url_for("limits.show", did="saved"), 303)


@bp.post("/settings/mailboxes/<int:mailbox_id>/<any(pause, resume):verb>")
@allows(Act.PAUSE)
def pause(mailbox_id: int, verb: str) -> ResponseReturnValue:
    """Stop or start one mailbox."""
    return pausing.turn(Scope(Reach.MAILBOX, mailbox_id), on=verb == "pause", back=url_for("limits.show"))


def _whole(typed: str | None) -> int:
    """A whole number; -1, which no rule allows, for anything else."""
    number = whole_number(typed)
    return -1 if number is None else number


def _fault(typed: dict[str, str], rule: Rule) -> str:
    """What is wrong with a number of the house; empty when nothing is."""
    try:
        number_of(typed[rule.field], rule)
    except RuleFaultError as error:
        return str(error)
    return ""


def _page(faults: dict[str, str] | None = None, typed: dict[str, str] | None = None) -> str:
    """The page, with what was typed and what is wrong with each field of it."""
    session, kept, months = reading(), typed or {}, services().settings.retention_months
    ends = pausing.ends()
    return render_template(
        "staff/settings/limits.html",
        faults=faults or {},
        first=next(iter(faults or {}), ""),
        may_set=may(me().role, Act.SETTINGS),
        limits=[_limit(one, kept) for one in query.limits(session)],
        boxes=[_box(one, kept, ends) for one in query.boxes(session, now=now())],
        fresh={name: kept.get(f"new-{name}", "") for name in ("address", *_NAMES)},
        fixed=[
            ("In a sequence, one person", f"{DEFAULTS.sequences_a_person} at a time"),
            ("Mail leaves", "Monday to Friday, 09:00 to 17:00 where the reader is, not on holidays"),
            ("Hard bounce, spam report", "one ends it"),
            ("Automatic acknowledgements", "one a week to an address, so that two machines never talk"),
            ("Somebody who never answered", f"forgotten after {months} months, after an answer {2 * months}"),
            ("Unsubscribe links", "never expire"),
        ],
    )


def _limit(one: Limit, typed: dict[str, str]) -> dict[str, Any]:
    rule = one.rule
    said = rule.reason
    if one.was is not None and one.at is not None:
        said += (
            f" Was {rule.shown(one.was)}; changed by {one.by}, {times.inside(times.short(one.at, now()))}."
        )
    return {
        "name": rule.field,
        "title": rule.title,
        "unit": rule.unit,
        "value": typed.get(rule.field, rule.shown(one.value)),
        "said": said,
    }


def _box(one: Box, typed: dict[str, str], ends: dict[str, str]) -> dict[str, Any]:
    row = one.row
    minutes = {"gap_minutes": row.gap_seconds // 60, "jitter_minutes": row.jitter_seconds // 60}
    values = {name: str(minutes.get(name, getattr(row, name, 0))) for name in _NUMBERS}
    today = f"{one.used} of {one.allowed} mails today"
    if one.allowed < one.pace.daily_cap:
        today += f", {one.pace.daily_cap} a day once it is warmed up"
    if one.pace.daily_cap < row.daily_cap:
        today += f"; the limit for every mailbox is {one.pace.daily_cap}"
    return {
        "id": row.id,
        "address": row.address,
        "wished": typed.get(f"{row.id}-address", row.address),
        **{name: typed.get(f"{row.id}-{name}", getattr(row, name)) for name in _NAMES},
        "paused": row.paused_at is not None,
        "until": ends.get(str(Scope(Reach.MAILBOX, row.id)), ""),
        "why": why_paused(row.pause_reason) if row.paused_at else "",
        "today": today,
        **{name: typed.get(f"{row.id}-{name}", value) for name, value in values.items()},
    }
