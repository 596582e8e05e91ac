"""Settings: stop everything, the owner's grounds and country rules."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.text import clean_block, one_line
from crm.operations import switches
from crm.permission import assessments
from crm.permission.countries import Code, Column, load
from crm.permission.models import CountryOverride
from crm.permission.words import COLUMNS
from crm.queries.sending.leaving import EVERYTHING
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times
from crm.web.staff.house import pausing
from crm.workflows.house import set_rules
from crm.workflows.house.set_rules import Answerable, RuleFaultError

bp = Blueprint("settings", __name__)

_TYPED = ("title", "scope", "text", "review_on", "country", "column", "code", "reason")


@bp.get("/settings")
@allows(Act.PAUSE)
def show() -> ResponseReturnValue:
    """Everything that is set, and by whom it may be changed."""
    return _page()


@bp.post("/settings/switch/<name>")
@allows(Act.PAUSE)
def switch(name: str) -> ResponseReturnValue:
    """Stop everything, or let it go on; the ground of legitimate interest is the owner's alone."""
    on, reason = request.form.get("on") == "yes", one_line(request.form.get("reason", ""))
    if name == switches.PAUSED:
        return pausing.turn(EVERYTHING, on=on, reason=reason, back=url_for("settings.show"))
    if not may(me().role, Act.SETTINGS):
        return _page("Only an administrator answers for this switch."), 403
    return _change(lambda session, who: set_rules.turn_switch(session, name, on=on, reason=reason, who=who))


@bp.post("/settings/assessments")
@allows(Act.SETTINGS)
def assess() -> ResponseReturnValue:
    """Write a balance of interests down."""
    form = request.form
    try:
        review_on = date.fromisoformat(form.get("review_on", ""))
    except ValueError:
        return _page("Say on which day the assessment is looked at again.", form), 422
    return _change(
        lambda session, who: set_rules.write_assessment(
            session,
            title=one_line(form.get("title", "")),
            scope=one_line(form.get("scope", "")),
            text=clean_block(form.get("text", "")),
            review_on=review_on,
            who=who,
        )
    )


@bp.post("/settings/countries")
@allows(Act.SETTINGS)
def override() -> ResponseReturnValue:
    """Put another code in a cell of the country table."""
    form = request.form
    return _change(
        lambda session, who: set_rules.override_country(
            session,
            form.get("country", ""),
            form.get("column", ""),
            form.get("code", ""),
            reason=one_line(form.get("reason", "")),
            who=who,
        )
    )


@bp.post("/settings/countries/<int:override_id>/drop")
@allows(Act.SETTINGS)
def drop(override_id: int) -> ResponseReturnValue:
    """Let the table hold again."""
    return _change(lambda session, who: set_rules.drop_override(session, override_id, who=who))


def _change(act: Callable[[Session, Answerable], object]) -> ResponseReturnValue:
    try:
        with services().database.transaction() as session:
            act(session, Answerable(me().id, now()))
    except RuleFaultError as error:
        return _page(str(error), request.form), 422
    return redirect(url_for("settings.show", did="saved"), 303)


def _page(fault: str = "", typed: Mapping[str, str] = MappingProxyType({})) -> str:
    session, table = reading(), load()
    overrides = [
        (row.id, table.name(row.country), COLUMNS[row.column], row.code.upper(), row.reason)
        for row in session.scalars(select(CountryOverride).order_by(CountryOverride.country))
    ]
    known = [
        {
            "title": one.title,
            "scope": one.scope,
            "review": f"{one.review_on:%-d %b %Y}",
            "over": one.review_on <= now().date(),
            "number": one.id,
            "written": times.inside(times.day(one.written_at, now())),
        }
        for one in assessments.newest(session)
    ]
    return render_template(
        "staff/settings/show.html",
        fault=fault,
        typed={name: typed.get(name, "") for name in _TYPED},
        paused=switches.is_on(session, switches.PAUSED),
        until=pausing.ends().get(str(EVERYTHING), ""),
        interest=switches.is_on(session, switches.LEGITIMATE_INTEREST),
        may_set=may(me().role, Act.SETTINGS),
        assessments=known,
        overrides=overrides,
        countries=sorted((table.name(code), code) for code in table.countries),
        columns=[(one.value, COLUMNS[one.value]) for one in Column],
        codes=[one.value for one in Code],
        mailer=services().settings.mailer.value,
        tracking=services().settings.tracking.value,
        months=services().settings.retention_months,
    )
