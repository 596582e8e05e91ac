"""The page behind a sign-up link: opening it shows, its button goes on to the image service (D6)."""

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, make_response, redirect
from flask.typing import ResponseReturnValue

from crm.handoff import leads
from crm.handoff.models import Lead
from crm.kernel.public_links import code_digest
from crm.web import headers
from crm.web.access import Open, allows
from crm.web.context import now, reading, services
from crm.web.public import languages
from crm.web.public.pages import show
from crm.workflows.leads.go_to_sign_up import go_to_sign_up

bp = Blueprint("start", __name__)

_LONGEST = 64  # characters; ours have 32


def _lead(code: str) -> Lead | None:
    """The lead behind a code, used up or not; from here on this request speaks its language."""
    lead = leads.by_code(reading(), code_digest(code)) if len(code) <= _LONGEST else None
    if lead is not None:
        languages.prefer(leads.language_of(lead))
    return lead


def _gone() -> ResponseReturnValue:
    """Unknown, used and expired say the same; in their language for whoever has a code of ours in hand."""
    return show("start_closed.html", 404)


@bp.get("/start/<code>")
@allows(Open.ANYBODY)
def ask(code: str) -> ResponseReturnValue:
    """Say what comes next. Mail scanners open every link, so opening this one uses nothing up."""
    lead = _lead(code)
    if lead is None or not leads.usable(lead, at=now()):
        return _gone()
    answer = make_response(show("start.html", sign_up_code=code, until=lead.code_expires_at))
    # Browsers hold `form-action` against where a form's answer leads to as well: this page's leads there.
    answer.headers["Content-Security-Policy"] = headers.public_policy(also_to=_service_origin())
    return answer


@bp.post("/start/<code>")
@allows(Open.ANYBODY)
def go(code: str) -> ResponseReturnValue:
    """Use the code up and go on to the image service with it."""
    if _lead(code) is None:
        return _gone()
    with services().database.transaction() as session:
        lead = go_to_sign_up(session, code_digest(code), at=now())
    if lead is None:
        return _gone()
    query = urlencode({"c": code, "utm_source": "outreach"})
    return redirect(f"{services().settings.image_service_url.rstrip('/')}/sign-up?{query}", 303)


def _service_origin() -> str:
    parts = urlsplit(services().settings.image_service_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
