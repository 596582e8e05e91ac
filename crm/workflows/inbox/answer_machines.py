"""What follows from mail that programs write: spam reports, bounces, automatic answers."""

import hashlib

from crm.delivery import events
from crm.delivery.event_ports import Report
from crm.delivery.events import NewEvent
from crm.delivery.states import EventKind
from crm.permission.terms import AddressState
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.inbox.correspondence import tickets
from crm.replies.verdicts import Hardness, Sub
from crm.sequences import pauses
from crm.sequences.models import StopReason
from crm.workflows.inbox.absences import back_at
from crm.workflows.inbox.case import Case, address, answered, ask, pause, report, stop, unclear
from crm.workflows.inbox.hold_colleagues import hold_company
from crm.workflows.refusals.refuse import Mailbox, write
from crm.workflows.reports.note_bounce import Refused, Returned, note_bounce


def complaint(case: Case) -> None:
    """Proven, it is a no. Anybody can write a report: whom it only names, or whose company, it holds."""
    if not case.match.is_proof:
        unclear(case)
        if case.match.company_id is not None:
            hold_company(case.session, case.match.company_id, now=case.now)
        return
    report(case, EventKind.COMPLAINED)
    keys = case.match.written_to(case.desk.ring.version)
    if keys:
        wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.COMPLAINT, channel="reply", at=case.now)
        write(case.session, case.desk, Mailbox(keys), wish)


def bounce(case: Case) -> None:
    """Only a bounce that carries our token or our Message-ID changes anything: others may be forged."""
    if not case.match.is_proof:
        return
    verdict, message = case.verdict, case.match.message
    if verdict.hardness is Hardness.NONE or message is None:
        return
    report(case, EventKind.BOUNCED)
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


def automatic(case: Case) -> None:
    sub = case.verdict.sub
    if not case.match.is_proof and sub is not Sub.OUT_OF_OFFICE:
        return
    if sub is Sub.DELIVERED:
        report(case, EventKind.DELIVERED)
    elif sub is Sub.OUT_OF_OFFICE:
        answered(case)
        until = back_at(case.session, case.person, case.verdict.until, now=case.now)
        pause(case, StopReason.OUT_OF_OFFICE, until=until)
        pauses.stay_away(case.session, case.people, until=until, at=case.now)
    elif sub in {Sub.LEFT_COMPANY, Sub.MAILBOX_CLOSED}:
        answered(case)
        address(case, AddressState.CLOSED)
        stop(case, StopReason.BOUNCED)
    elif sub is Sub.TICKET and case.person is not None and tickets(case.session, case.person) > 1:
        pause(case, StopReason.IN_DOUBT)
        ask(case, "A help desk answers each of our mails with a number. Is anybody reading them?")
    elif sub is Sub.CHALLENGE and case.person is not None:
        ask(case, "Their mail filter wants proof from a person. It is never answered by the program.")
