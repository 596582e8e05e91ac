"""An inbound mail on the table, and what may follow from it for whoever wrote it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import outbox, reports
from crm.delivery.states import EventKind
from crm.permission.terms import AddressState
from crm.privacy.register import keys_of
from crm.prospects.models import Prospect
from crm.queries.gate.recipients import recipients
from crm.queries.inbox.correspondence import Match
from crm.queries.inbox.person import Key
from crm.replies.reading import ReadMail
from crm.replies.verdicts import Verdict
from crm.sequences import enrolments, pauses
from crm.sequences.models import StopReason
from crm.workflows.inbox.doubts import hold_in_doubt
from crm.workflows.refusals.refuse import Desk
from crm.workflows.sending.record_outcomes import after_sending


@dataclass(frozen=True, slots=True)
class Case:
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


def of_person(case: Case) -> tuple[Key, ...]:
    """The mailbox we write to, where somebody was known by another one of theirs."""
    person = recipients(case.session, case.people).get(case.person) if case.person is not None else None
    return keys_of(case.desk.ring, person.mailbox) if person is not None and person.mailbox else ()


def unclear(case: Case) -> None:
    """It might be a no: nothing leaves until a person has looked."""
    if case.person is not None:
        hold_in_doubt(case.session, case.person, now=case.now)


def answered(case: Case) -> None:
    """An answer proves that our message arrived, even where we did not know whether it left."""
    report(case, EventKind.ANSWERED)


def report(case: Case, event: EventKind) -> None:
    message = case.match.message
    if message is None or not case.match.is_proof:
        return
    moved = reports.apply(case.session, {message.id: event}, at=case.now)
    after_sending(case.session, reports.newly_left(moved), ring=case.desk.ring, now=case.now)


def address(case: Case, state: AddressState) -> None:
    if case.person is not None:
        case.session.execute(
            update(Prospect).where(Prospect.id == case.person).values(address_state=state.value)
        )


def stop(case: Case, reason: StopReason) -> None:
    enrolments.stop_all(case.session, case.people, reason, at=case.now)
    if case.people:
        outbox.cancel_due(case.session, prospect_ids=case.people, reason=reason.value, at=case.now)


def pause(case: Case, reason: StopReason, *, until: datetime | None = None, detail: str = "") -> None:
    """Hold what runs; what is planned is taken back and made again when it goes on."""
    paused = pauses.pause_all(case.session, case.people, reason, at=case.now, resumes_at=until, detail=detail)
    outbox.take_back(case.session, enrolment_ids=paused)


def ask(case: Case, title: str) -> None:
    if case.person is not None:
        key = f"mail:{case.match.message.public_id if case.match.message else case.mail.message_id[:40]}"
        tasks.ask(case.session, case.person, title, dedupe_key=key, now=case.now)
