"""What stands around a page that has been open a while: counts, the state of sending, the demo's clock."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.frame import LIVE

bp = Blueprint("around", __name__)


@bp.get("/around")
@allows(Act.SEE)
def show() -> ResponseReturnValue:
    """The parts, each for its place. Asked for by the page itself, so it keeps no session awake."""
    return render_template("layouts/_around.html", live=LIVE)
