"""What follows from an inbound mail. Whatever might be a no stops or pauses; nothing here sends."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.permission.terms import AddressState
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish, keys_of
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status
from crm.queries.gate.recipients import recipients
from crm.queries.inbox.correspondence import WRITTEN, Match
from crm.queries.inbox.person import Key
from crm.replies.reading import ReadMail
from crm.replies.verdicts import MailKind, Scope, Sub, Verdict
from crm.sequences.models import StopReason
from crm.workflows.inbox.answer_machines import automatic, bounce, complaint
from crm.workflows.inbox.case import Case, answered, of_person, stop, unclear
from crm.workflows.inbox.hold_colleagues import hold_colleagues
from crm.workflows.refusals.refuse import Desk, Mailbox, write
from crm.workflows.refusals.request_rights import request_rights


def act(
    session: Session, desk: Desk, mail: ReadMail, match: Match, verdict: Verdict, *, now: datetime
) -> None:
    """Do what a mail asks for, in the transaction that notes it as understood.

    Raises:
        OSError: a no could not be written to the journal; then nothing of this mail is.
    """
    case = Case(session, desk, mail, match, verdict, now)
    _ACTS[verdict.kind](case)
    is_complaint = verdict.kind is MailKind.COMPLAINT and match.is_proof
    if verdict.kind.value in WRITTEN or is_complaint:
        host = mail.sender.domain if mail.sender else ""
        hold_colleagues(session, match.prospect_id, host, now=now)


def _refuse(case: Case, reason: RefusalReason) -> None:
    """A no needs no proof of identity: whoever sent it, and whoever our token names, is left alone."""
    keys = _names(case)
    if not keys:
        return
    people = recipients(case.session, case.people)
    person = people.get(case.person) if case.person is not None else None
    whole_company = case.verdict.scope is Scope.COMPANY and person is not None and not person.freemail
    wish = Wish(
        scope=RefusalScope.DOMAIN if whole_company else RefusalScope.ADDRESS,
        reason=reason,
        channel="reply",
        at=case.now,
        message=case.match.message.public_id[:16] if case.match.message else "",
    )
    domain = person.firm_domain if whole_company and person is not None else None
    write(case.session, case.desk, Mailbox(keys, domain), wish)


def _names(case: Case) -> tuple[Key, ...]:
    ring = case.desk.ring
    sender = keys_of(ring, case.mail.sender) if case.mail.sender is not None else ()
    return tuple(dict.fromkeys((*case.match.written_to(ring.version), *sender, *of_person(case))))


def _opt_out(case: Case) -> None:
    answered(case)
    declined = case.verdict.sub is Sub.DECLINED
    objected = case.verdict.sub is Sub.OBJECTION
    reason = RefusalReason.OBJECTION if objected else RefusalReason.REPLY
    _refuse(case, RefusalReason.DECLINED if declined else reason)


def _rights(case: Case) -> None:
    """A request starts a clock, and stops outreach as well; one to put data right only holds it."""
    if case.verdict.sub is Sub.RECTIFICATION:
        answered(case)
        unclear(case)
    else:
        _opt_out(case)
    names = (*of_person(case), *_names(case))
    if names:  # the person's own first: it is answered to the address on record, wherever they wrote from
        request_rights(
            case.session, case.desk.ring, names[0], kind=case.verdict.sub.value, channel="reply", at=case.now
        )


def _newsletter(_case: Case) -> None:
    """Nobody wrote to us."""


def _person(case: Case) -> None:
    """Their answer ends the sequence, from whichever mailbox of theirs; only in our thread it proves more."""
    if case.person is None:
        return
    answered(case)
    stop(case, StopReason.REPLIED)
    values: dict[str, object] = {"last_reply_at": case.now}
    if case.match.is_proof:
        values["address_state"] = AddressState.WORKS.value
    case.session.execute(update(Prospect).where(Prospect.id == case.person).values(**values))
    statuses.advance(case.session, case.person, Status.REPLIED, at=case.now, because="replied")


_ACTS: Final[dict[MailKind, Callable[[Case], None]]] = {
    MailKind.BOUNCE: bounce,
    MailKind.COMPLAINT: complaint,
    MailKind.OPT_OUT: _opt_out,
    MailKind.RIGHTS: _rights,
    MailKind.AUTOMATIC: automatic,
    MailKind.NEWSLETTER: _newsletter,
    MailKind.PERSON: _person,
    MailKind.UNCLEAR: unclear,
}
