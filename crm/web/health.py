"""Is it alive? For monitors: no personal data, no log-in."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from crm.operations import heartbeat
from crm.web.access import Open, allows
from crm.web.context import reading, real_now

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@allows(Open.ANYBODY)
def healthz() -> ResponseReturnValue:
    """200 while the database answers and the scheduler ticked within 60 seconds, 503 otherwise."""
    last = heartbeat.last_beat(reading(), heartbeat.SCHEDULER)
    alive = heartbeat.is_alive(reading(), heartbeat.SCHEDULER, at=real_now())
    seconds = round((real_now() - last).total_seconds()) if last else None
    answer = {"status": "ok" if alive else "scheduler is not ticking", "scheduler_seconds_ago": seconds}
    return answer, 200 if alive else 503
