"""The team: who has an account, which role, and how a colleague gets in."""

from collections.abc import Collection

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.audit.chain import Actor
from crm.kernel.errors import NotFoundError
from crm.staff import accounts
from crm.staff.models import Role
from crm.staff.roles import ROLES, Act
from crm.web.access import allows
from crm.web.context import me, reading, real_now, services
from crm.web.staff import words
from crm.workflows.house.change_staff import OwnAccountError, change_role, disable, enable
from crm.workflows.house.open_house import invitation_link

bp = Blueprint("team", __name__)


@bp.get("/team")
@allows(Act.STAFF)
def listing() -> ResponseReturnValue:
    """Everybody, with their roles and what a role may do."""
    return _page()


@bp.post("/team/invite")
@allows(Act.STAFF)
def invite() -> ResponseReturnValue:
    """Make a link that gives a role, once; it is shown once and kept nowhere."""
    role = _role()
    with services().database.transaction() as session:
        link = invitation_link(
            session, role, services().settings.base_url, actor=Actor.staff(me().id), at=real_now()
        )
    return _page(link=link, role=role)


@bp.post("/team/<int:staff_id>/<any(role, disable, enable):verb>")
@allows(Act.STAFF)
def change(staff_id: int, verb: str) -> ResponseReturnValue:
    """Another role, or no longer with us: every session of theirs ends at once."""
    try:
        with services().database.transaction() as session:
            if verb == "role":
                change_role(session, staff_id, _role(), by=me().id, at=real_now())
            elif verb == "disable":
                disable(session, staff_id, by=me().id, at=real_now())
            else:
                enable(session, staff_id, by=me().id, at=real_now())
    except OwnAccountError as error:
        return _page(fault=str(error)), 409
    return redirect(url_for("team.listing", did="saved"), 303)


def _role() -> Role:
    chosen = request.form.get("role", "")
    if chosen not in set(Role):
        raise NotFoundError
    return Role(chosen)


def _page(*, link: str = "", role: Role | None = None, fault: str = "") -> str:
    people = [
        {
            "id": one.id,
            "name": one.name,
            "email": one.email,
            "role": one.role.value,
            "off": one.disabled_at is not None,
            "me": one.id == me().id,
            "initials": words.initials(one.name),
        }
        for one in accounts.everybody(reading())
    ]
    return render_template(
        "staff/team/list.html",
        people=people,
        roles=[(one.value, _may(acts)) for one, acts in ROLES.items()],
        link=link,
        invited=role.value if role else "",
        fault=fault,
    )


def _may(acts: Collection[Act]) -> str:
    """What a role may do, in the order of the table; whoever may do everything is told so."""
    if len(acts) == len(Act):
        return "everything"
    return "; ".join(words.ACT[act] for act in Act if act in acts)
