"""The mailbox mailer's pages: each mail as its recipient would see it, links working."""

import email
import email.policy
from email.message import EmailMessage

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.delivery.ports import SentMailViewer
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import now, services
from crm.web.staff import times

bp = Blueprint("mailbox", __name__)

_PAGE = 50
_SHOWN = (
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)
# Foreign to this program, even when we wrote it: no script, no picture, nothing fetched. The pixel would
# report us as a reader.
_SANDBOX = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def _viewer() -> SentMailViewer:
    viewer = services().sent_mail
    if viewer is None:
        abort(404)
    return viewer


@bp.get("/mailbox")
@allows(Act.SEE)
def listing() -> ResponseReturnValue:
    """What left, newest first. With a provider there is nothing here: the mail is with them."""
    if services().sent_mail is None:
        return render_template("staff/mailbox/elsewhere.html", mailer=services().settings.mailer.value)
    recipient = request.args.get("to", "").strip()
    before = request.args.get("before")
    mails = _viewer().newest(recipient=_as_sent(recipient) or None, before=before, limit=_PAGE + 1)
    older = (
        url_for("mailbox.listing", before=mails[_PAGE - 1].key, to=recipient or None)
        if len(mails) > _PAGE
        else None
    )
    lines = [
        {
            "key": one.key,
            "to": one.recipient,
            "subject": one.subject,
            "when": times.ago(one.sent_at, now()),
        }
        for one in mails[:_PAGE]
    ]
    return render_template("staff/mailbox/list.html", mails=lines, older=older, recipient=recipient)


def _as_sent(typed: str) -> str:
    """The address as it stands in the mail, where somebody types it as they read it."""
    if typed.isascii():
        return typed
    try:
        return str(EmailAddress.parse(typed))
    except InvalidAddressError:
        return typed


@bp.get("/mailbox/<key>")
@allows(Act.SEE)
def show(key: str) -> ResponseReturnValue:
    """One mail: headers, text part, and the HTML part in a frame of its own."""
    message = _read(key)
    text = message.get_body(("plain",))
    return render_template(
        "staff/mailbox/show.html",
        key=key,
        subject=str(message.get("Subject", "")),
        headers=[(name, str(value)) for name in _SHOWN if (value := message.get(name))],
        text=text.get_content() if text else "",
        has_html=message.get_body(("html",)) is not None,
        stop_url=_stop_url(message),
    )


@bp.get("/mailbox/<key>/html")
@allows(Act.SEE)
def html(key: str) -> ResponseReturnValue:
    """The HTML part alone, for the frame: nothing in it may run or fetch."""
    part = _read(key).get_body(("html",))
    if part is None:
        abort(404)
    answer = Response(
        part.get_content().replace("<a ", '<a target="_blank" rel="noopener" '), mimetype="text/html"
    )
    answer.headers["Content-Security-Policy"] = _SANDBOX
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@bp.get("/mailbox/<key>/raw")
@allows(Act.SEE)
def raw(key: str) -> ResponseReturnValue:
    """The bytes as they left."""
    found = _viewer().read(key)
    if found is None:
        abort(404)
    return Response(found, mimetype="text/plain; charset=utf-8")


def _read(key: str) -> EmailMessage:
    found = _viewer().read(key)
    if found is None:
        abort(404)
    return email.message_from_bytes(found, policy=email.policy.default)


def _stop_url(message: EmailMessage) -> str:
    """The link behind the mail program's own unsubscribe button."""
    header = str(message.get("List-Unsubscribe", ""))
    inside = header.partition("<http")[2].partition(">")[0]
    return f"http{inside}" if inside else ""
