"""Where the image service reports how far a lead came (`docs/image-service.md`)."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from crm.kernel import webhooks
from crm.kernel.errors import NotFoundError
from crm.kernel.faults import point
from crm.web.access import Open, allows
from crm.web.context import now, real_now, services
from crm.workflows.leads.report_lead import UnreadableReportError, read_report, report_lead

bp = Blueprint("image_service_hook", __name__)

LARGEST = 16 * 1024  # bytes; a report has under 400


@bp.post("/hooks/image-service")
@allows(Open.SIGNED)
def report() -> ResponseReturnValue:
    """Store the report, then answer: 200 once it is committed, known before or not (I23)."""
    request.max_content_length = LARGEST
    body = request.get_data()
    try:
        webhook_id = webhooks.verify(
            services().settings.keys.image_service, dict(request.headers), body, real_now(), prefix="report_"
        )
    except webhooks.InvalidWebhookError:
        return {"error": "not_signed"}, 401
    point("hook.after_verify")
    try:
        said = read_report(body)
        with services().database.transaction() as session:
            moved = report_lead(session, webhook_id, said, at=now())
            point("hook.before_commit")
        point("hook.before_answer")
    except UnreadableReportError:
        return {"error": "not_a_report"}, 400
    except NotFoundError:
        return {"error": "no_longer_known"}, 410
    return {"moved": moved}
