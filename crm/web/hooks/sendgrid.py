"""Where SendGrid posts what became of our mail (`docs/sendgrid.md`)."""

import logging

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from crm.delivery.event_ports import UnreadablePostError, UnsignedPostError
from crm.kernel.faults import point
from crm.web.access import Open, allows
from crm.web.context import now, real_now, services
from crm.workflows.reports.apply_events import apply_events
from crm.workflows.reports.keep_events import keep_post

log = logging.getLogger(__name__)

bp = Blueprint("sendgrid_hook", __name__)

LARGEST = 8 * 1024 * 1024  # bytes; SendGrid posts at 768 kB, and 5,000 events have under 3 MB
APPLIED_AT_ONCE = 500
"""Events; SendGrid waits ten seconds, and what is left over is a second's work of the scheduler."""


@bp.post("/hooks/sendgrid")
@allows(Open.SIGNED)
def events() -> ResponseReturnValue:
    """Keep the events, then answer: 200 once they are on the disk (I23).

    Whatever is wrong with a signature has one answer, and writes nothing (I22). Without a key of ours
    nobody can be believed: 503, and SendGrid tries again for a day.
    """
    hook = services().event_hook
    if hook is None:
        return {"error": "no_key"}, 503
    request.max_content_length = LARGEST
    try:
        post = hook.read(list(request.headers.items()), request.get_data(cache=False), now=real_now())
        kept = keep_post(
            services().database, services().settings.keys.addresses, post, now=now(), real_now=real_now()
        )
    except (UnsignedPostError, RequestEntityTooLarge) as error:
        log.warning("a post was not believed", extra={"fault": getattr(error, "fault", "too_large")})
        return {"error": "not_signed"}, 401
    except UnreadablePostError:
        log.exception("a signed post holds no events")
        return {"error": "not_events"}, 400
    _apply_soon()
    point("events.before_answer")
    return {"news": kept.news, "known": kept.known}


def _apply_soon() -> None:
    """Most posts are small, and a no should not wait. What fails here is taken up by the scheduler."""
    try:
        apply_events(services().refusal_desk(), now=now(), most=APPLIED_AT_ONCE)
    except (OSError, SQLAlchemyError):
        log.exception("events are applied later")
