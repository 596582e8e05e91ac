"""What follows from an inbound mail. Whatever might be a no stops or pauses; nothing here sends."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import events, outbox, reports
from crm.delivery.event_ports import Report
from crm.delivery.events import NewEvent
from crm.delivery.states import EventKind
from crm.permission.terms import AddressState
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish, keys_of
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status
from crm.queries.correspondence import WRITTEN, Match, tickets
from crm.queries.person import Key
from crm.queries.recipients import recipients
from crm.replies.reading import ReadMail
from crm.replies.verdicts import Hardness, MailKind, Scope, Sub, Verdict
from crm.sequences import enrolments, pauses
from crm.sequences.models import StopReason
from crm.workflows.inbox.absences import back_at
from crm.workflows.inbox.doubts import hold_in_doubt
from crm.workflows.inbox.hold_colleagues import hold_colleagues
from crm.workflows.refusals.refuse import Desk, Mailbox, write
from crm.workflows.refusals.request_rights import request_rights
from crm.workflows.reports.note_bounce import Refused, Returned, note_bounce
from crm.workflows.sending.record_outcomes import after_sending


@dataclass(frozen=True, slots=True)
class _Case:
    """One mail on the table."""

    session: Session
    desk: Desk
    mail: ReadMail
    match: Match
    verdict: Verdict
    now: datetime

    @property
    def person(self) -> int | None:
        return self.match.prospect_id

    @property
    def people(self) -> list[int]:
        return [self.match.prospect_id] if self.match.prospect_id is not None else []


def act(
    session: Session, desk: Desk, mail: ReadMail, match: Match, verdict: Verdict, *, now: datetime
) -> None:
    """Do what a mail asks for, in the transaction that notes it as understood.

    Raises:
        OSError: a no could not be written to the journal; then nothing of this mail is.
    """
    case = _Case(session, desk, mail, match, verdict, now)
    _ACTS[verdict.kind](case)
    is_complaint = verdict.kind is MailKind.COMPLAINT and match.is_proof
    if verdict.kind.value in WRITTEN or is_complaint:
        host = mail.sender.domain if mail.sender else ""
        hold_colleagues(session, match.prospect_id, host, now=now)


def _refuse(case: _Case, reason: RefusalReason) -> None:
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


def _names(case: _Case) -> tuple[Key, ...]:
    ring = case.desk.ring
    sender = keys_of(ring, case.mail.sender) if case.mail.sender is not None else ()
    return tuple(dict.fromkeys((*case.match.written_to(ring.version), *sender, *_of_person(case))))


def _of_person(case: _Case) -> tuple[Key, ...]:
    """The mailbox we write to, where somebody was known by another one of theirs."""
    person = recipients(case.session, case.people).get(case.person) if case.person is not None else None
    return keys_of(case.desk.ring, person.mailbox) if person is not None and person.mailbox else ()


def _opt_out(case: _Case) -> None:
    _answered(case)
    declined = case.verdict.sub is Sub.DECLINED
    objected = case.verdict.sub is Sub.OBJECTION
    reason = RefusalReason.OBJECTION if objected else RefusalReason.REPLY
    _refuse(case, RefusalReason.DECLINED if declined else reason)


def _rights(case: _Case) -> None:
    """A request starts a clock, and stops outreach as well; one to put data right only holds it."""
    if case.verdict.sub is Sub.RECTIFICATION:
        _answered(case)
        _unclear(case)
    else:
        _opt_out(case)
    names = (*_of_person(case), *_names(case))
    if names:  # the person's own first: it is answered to the address on record, wherever they wrote from
        request_rights(
            case.session, case.desk.ring, names[0], kind=case.verdict.sub.value, channel="reply", at=case.now
        )


def _complaint(case: _Case) -> None:
    """Proven, it is a no. Anybody can write a report: one that only names somebody holds them."""
    if not case.match.is_proof:
        _unclear(case)
        return
    _report(case, EventKind.COMPLAINED)
    keys = case.match.written_to(case.desk.ring.version)
    if keys:
        wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.COMPLAINT, channel="reply", at=case.now)
        write(case.session, case.desk, Mailbox(keys), wish)


def _bounce(case: _Case) -> None:
    """Only a bounce that carries our token or our Message-ID changes anything: others may be forged."""
    if not case.match.is_proof:
        return
    verdict, message = case.verdict, case.match.message
    if verdict.hardness is Hardness.NONE or message is None:
        return
    _report(case, EventKind.BOUNCED)
    refused = Refused(verdict.hardness, verdict.sub, verdict.status)
    name = f"dsn {message.public_id} {case.mail.message_id} {case.now.isoformat()}"
    event = NewEvent(
        kind=Report.BOUNCE,
        code=str(refused),
        happened_at=case.now,
        dedupe_key=hashlib.sha256(name.encode("utf-8", "replace")).hexdigest(),
        message_id=message.id,
    )
    events.keep(case.session, [event], at=case.now)
    mail = Returned(message.public_id, case.person, message.enrolment_id)
    note_bounce(case.session, mail, refused, now=case.now)


def _automatic(case: _Case) -> None:
    sub = case.verdict.sub
    if not case.match.is_proof and sub is not Sub.OUT_OF_OFFICE:
        return
    if sub is Sub.DELIVERED:
        _report(case, EventKind.DELIVERED)
    elif sub is Sub.OUT_OF_OFFICE:
        _answered(case)
        until = back_at(case.session, case.person, case.verdict.until, now=case.now)
        _pause(case, StopReason.OUT_OF_OFFICE, until=until)
        pauses.stay_away(case.session, case.people, until=until, at=case.now)
    elif sub in {Sub.LEFT_COMPANY, Sub.MAILBOX_CLOSED}:
        _answered(case)
        _address(case, AddressState.CLOSED)
        _stop(case, StopReason.BOUNCED)
    elif sub is Sub.TICKET and case.person is not None and tickets(case.session, case.person) > 1:
        _pause(case, StopReason.IN_DOUBT)
        _ask(case, "A help desk answers each of our mails with a number. Is anybody reading them?")
    elif sub is Sub.CHALLENGE and case.person is not None:
        _ask(case, "Their mail filter wants proof from a person. It is never answered by the program.")


def _newsletter(_case: _Case) -> None:
    """Nobody wrote to us."""


def _person(case: _Case) -> None:
    """Their answer ends the sequence, from whichever mailbox of theirs; only in our thread it proves more."""
    if case.person is None:
        return
    _answered(case)
    _stop(case, StopReason.REPLIED)
    values: dict[str, object] = {"last_reply_at": case.now}
    if case.match.is_proof:
        values["address_state"] = AddressState.WORKS.value
    case.session.execute(update(Prospect).where(Prospect.id == case.person).values(**values))
    statuses.advance(case.session, case.person, Status.REPLIED, at=case.now, because="replied")


def _unclear(case: _Case) -> None:
    """It might be a no: nothing leaves until a person has looked."""
    if case.person is not None:
        hold_in_doubt(case.session, case.person, now=case.now)


def _answered(case: _Case) -> None:
    """An answer proves that our message arrived, even where we did not know whether it left."""
    _report(case, EventKind.ANSWERED)


def _report(case: _Case, event: EventKind) -> None:
    message = case.match.message
    if message is None or not case.match.is_proof:
        return
    moved = reports.apply(case.session, {message.id: event}, at=case.now)
    after_sending(case.session, reports.newly_left(moved), ring=case.desk.ring, now=case.now)


def _address(case: _Case, state: AddressState) -> None:
    if case.person is not None:
        case.session.execute(
            update(Prospect).where(Prospect.id == case.person).values(address_state=state.value)
        )


def _stop(case: _Case, reason: StopReason) -> None:
    enrolments.stop_all(case.session, case.people, reason, at=case.now)
    if case.people:
        outbox.cancel_due(case.session, prospect_ids=case.people, reason=reason.value, at=case.now)


def _pause(case: _Case, reason: StopReason, *, until: datetime | None = None, detail: str = "") -> None:
    """Hold what runs; what is planned is taken back and made again when it goes on."""
    paused = pauses.pause_all(case.session, case.people, reason, at=case.now, resumes_at=until, detail=detail)
    outbox.take_back(case.session, enrolment_ids=paused)


def _ask(case: _Case, title: str) -> None:
    if case.person is not None:
        key = f"mail:{case.match.message.public_id if case.match.message else case.mail.message_id[:40]}"
        tasks.ask(case.session, case.person, title, dedupe_key=key, now=case.now)


_ACTS: Final[dict[MailKind, Callable[[_Case], None]]] = {
    MailKind.BOUNCE: _bounce,
    MailKind.COMPLAINT: _complaint,
    MailKind.OPT_OUT: _opt_out,
    MailKind.RIGHTS: _rights,
    MailKind.AUTOMATIC: _automatic,
    MailKind.NEWSLETTER: _newsletter,
    MailKind.PERSON: _person,
    MailKind.UNCLEAR: _unclear,
}
