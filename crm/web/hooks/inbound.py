"""Where a mail server or provider posts inbound mail, as it came: stored, then answered for; read later."""

import logging

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from crm.kernel import webhooks
from crm.kernel.faults import point
from crm.web.access import Open, allows
from crm.web.context import now, real_now, services
from crm.web.hooks.parse_post import UnreadableMailError, posted_mail
from crm.workflows.inbox.receive_mail import keep

log = logging.getLogger(__name__)

bp = Blueprint("inbound_hook", __name__)

LARGEST = 64 * 1024 * 1024
"""Bytes of a post; SendGrid takes mails up to 30 MB. Above it a sender is put off, not refused."""


@bp.post("/hooks/inbound")
@allows(Open.SIGNED)
def inbound() -> ResponseReturnValue:
    """Take one raw mail (RFC 5322 bytes), signed as Standard Webhooks with ids `inbound_…`.

    200 only after it is on the disk; any doubt of ours is a 503, so that it is sent again.
    """
    raw = _body()
    if raw is None:
        return _later("not_read")
    try:
        webhooks.verify(
            services().settings.keys.inbound_hook, dict(request.headers), raw, real_now(), prefix="inbound_"
        )
    except webhooks.InvalidWebhookError:
        return {"error": "not_signed"}, 401
    point("hook.after_verify")
    if not raw:
        return {"error": "empty"}, 400
    return _kept(raw)


@bp.post("/hooks/inbound/<secret>")
@allows(Open.SIGNED)
def inbound_parse(secret: str) -> ResponseReturnValue:
    """Take a mail as SendGrid's Inbound Parse posts it in raw mode (`docs/mail.md`).

    It gives a mail up at the first 4xx and tells nobody, and tries again for 72 hours after a 5xx: so the one
    4xx is for whoever does not know the address. A signature that does not hold may be a clock of ours, or a
    key that was changed.
    """
    if not services().settings.keys.opens_inbound(secret):
        abort(404)
    body = _body()
    if body is None:
        return _later("not_read")
    signature = services().inbound_signature
    if signature is not None and not signature.holds(list(request.headers.items()), body, now=real_now()):
        return _later("not_signed")
    try:
        raw = posted_mail(request.content_type or "", body)
    except UnreadableMailError as error:
        return _later(str(error))
    return _kept(raw)


def _body() -> bytes | None:
    """The whole body; None when it is too large or broke off."""
    request.max_content_length = LARGEST
    try:
        return request.get_data(cache=False)
    except (HTTPException, OSError):
        return None


def _kept(raw: bytes) -> ResponseReturnValue:
    try:
        news = keep(services().database, raw, at=now())
    except (SQLAlchemyError, OSError):
        log.exception("an inbound mail could not be stored; its sender tries again")
        return _later("not_stored")
    point("hook.before_answer")
    return {"news": news}


def _later(why: str) -> ResponseReturnValue:
    log.error("an inbound mail was put off: %s", why)
    return {"error": why}, 503
