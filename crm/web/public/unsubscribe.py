"""The page behind the unsubscribe link: GET asks, POST acts, one click is enough (D8, RFC 8058)."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from crm.kernel.errors import InvalidLinkError
from crm.kernel.public_links import TEST, MailboxLink
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Standing, Wish
from crm.queries.inbox import person
from crm.queries.inbox.person import Person
from crm.web.access import Open, allows
from crm.web.context import now, reading, services
from crm.web.public import pages
from crm.web.public.choices import ASKED, Choice, Chosen, months_after, offered, read, wish_for
from crm.web.public.desk import desk, shelves
from crm.workflows.refusals.erase import erase
from crm.workflows.refusals.refuse import Answer, Mailbox, refuse

bp = Blueprint("unsubscribe", __name__)
bp.register_error_handler(InvalidLinkError, lambda _error: pages.closed())


@bp.get("/u/<path:token>")
@allows(Open.ANYBODY)
def ask(token: str) -> ResponseReturnValue:
    """Ask first. Mail scanners open every link they see, so opening one changes nothing (I16)."""
    if token == TEST:
        return pages.tested()
    link = services().links.read_unsubscribe(token)
    return _question(link, token, ASKED, 200)


@bp.post("/u/<path:token>")
@allows(Open.ANYBODY)
def act(token: str) -> ResponseReturnValue:
    """Take the person's choice, or the click of their mail program, which sends none.

    Needs no cookie, no CSRF token and no body: the signed link is the proof. Safe to repeat.
    """
    if token == TEST:
        return pages.tested()
    link = services().links.read_unsubscribe(token)
    sent = _sent()
    if "choice" not in sent:
        return _one_click(link)
    found = pages.look_up(link)
    series = _series(link, found)
    chosen = read(sent, offered(found, series), now=now())
    if chosen.fault:
        return _question(link, token, chosen, 422)
    reading().close()  # a reader of old pages would keep an erasure from finishing
    if chosen.choice is Choice.REMOVE:
        receipt = erase(desk(), shelves(), _mailbox(link, found), channel="page", at=now())
        return _done(link, token, chosen, receipt.answer, is_erased=receipt.is_done)
    wish = wish_for(chosen, series, at=now(), message=link.message)
    return _done(link, token, chosen, refuse(desk(), _mailbox(link, found), wish))


def _one_click(link: MailboxLink) -> Response:
    """No outreach to this mailbox again. A mail program reads no page and does not wait for workers."""
    wish = Wish(
        scope=RefusalScope.ADDRESS,
        reason=RefusalReason.UNSUBSCRIBE,
        channel="one_click",
        at=now(),
        message=link.message,
    )
    refuse(desk(patience=0), Mailbox(((link.digest, link.key_version),)), wish)
    return Response("Unsubscribed.\n", mimetype="text/plain")


def _sent() -> Mapping[str, str]:
    """The form's fields; nothing where the body is none, or one that cannot be read: a click counts."""
    try:
        return request.form
    except HTTPException:
        return {}


def _mailbox(link: MailboxLink, found: Person) -> Mailbox:
    return Mailbox(((link.digest, link.key_version),), found.known.domain if found.known else None)


def _series(link: MailboxLink, found: Person) -> int | None:
    """Which sequence "this series" is; None when the message is gone, and then it cannot be chosen."""
    try:
        kept = person.sequence_of(reading(), link.message, found.prospect_ids)
    except OperationalError:
        return None
    return kept[0] if kept else None


def _standing(found: Person, at: datetime) -> list[Standing]:
    try:
        held = register.standing(reading(), pages.digests_with_company(found))
    except OperationalError:
        return []
    return [one for one in held if one.holds_at(at)]


def _question(link: MailboxLink, token: str, chosen: Chosen, code: int) -> ResponseReturnValue:
    found = pages.look_up(link)
    return pages.show(
        "ask.html",
        code,
        picked=chosen.choice.value if chosen.choice else "",
        missing=chosen.fault.value if chosen.fault else "",
        choices=offered(found, _series(link, found)),
        months=months_after(now()),
        address=pages.masked(found.known.address) if found.known else "",
        standing=_standing(found, now()),
        action=_action(token),
        about_url=services().links.about_url(link),
    )


def _done(
    link: MailboxLink, token: str, chosen: Chosen, answer: Answer, *, is_erased: bool = False
) -> ResponseReturnValue:
    return pages.show(
        "done.html",
        choice=chosen.choice,
        answer=answer,
        erased="done" if is_erased else "pending",
        reference=pages.reference_text(answer.reference),
        action=_action(token),
        about_url=services().links.about_url(link),
    )


def _action(token: str) -> str:
    return url_for("unsubscribe.act", token=token, lang=request.args.get("lang"))
