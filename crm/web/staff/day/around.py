"""What stands around a page that has been open a while: counts, the state of sending, the demo's clock."""

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me
from crm.web.frame import LIVE

bp = Blueprint("around", __name__)


@bp.get("/around")
@allows(Act.SEE)
def show() -> ResponseReturnValue:
    """The parts, each for its place. Asked for by the page itself, so it keeps no session awake.

    With them comes the token of this session: a page that was opened in an earlier one takes it over.
    """
    answer = make_response(render_template("layouts/_around.html", live=LIVE))
    answer.headers["X-CSRF-Token"] = me().csrf_token
    return answer
