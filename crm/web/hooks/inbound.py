"""Where a mail server or provider posts inbound mail, as it came: stored, then answered for; read later."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from crm.kernel import webhooks
from crm.web.access import Open, allows
from crm.web.context import now, real_now, services
from crm.workflows.receive_mail import keep

bp = Blueprint("inbound_hook", __name__)

LARGEST = 40 * 1024 * 1024  # bytes; a sender gets no second chance once we refuse one for its size


@bp.post("/hooks/inbound")
@allows(Open.SIGNED)
def inbound() -> ResponseReturnValue:
    """Take one raw mail (RFC 5322 bytes), signed as Standard Webhooks with ids `inbound_…`.

    200 only after it is on the disk; any doubt of ours is a 503, so that it is sent again.
    """
    request.max_content_length = LARGEST
    raw = request.get_data()
    try:
        webhooks.verify(
            services().settings.keys.inbound_hook, dict(request.headers), raw, real_now(), prefix="inbound_"
        )
    except webhooks.InvalidWebhookError:
        return {"error": "not_signed"}, 401
    if not raw:
        return {"error": "empty"}, 400
    return {"news": keep(services().database, raw, at=now())}
