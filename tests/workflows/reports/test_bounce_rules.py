"""The finer rules of mail that came back: full, switched off, unclear, a whole domain, and our own fault."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crm.audit import chain
from crm.delivery.models import Mailbox, Message, MessageState
from crm.delivery.ports import Accepted, Rejected
from crm.domains.models import DomainCheck
from crm.operations.models import Alarm
from crm.prospects.models import Prospect
from crm.queries.pages.alarms import standing
from crm.queries.sending.leaving import Reach, Scope
from crm.replies.verdicts import Hardness
from crm.sequences.models import EnrolmentState, StopReason
from crm.sequences.models import Sequence as SequenceRow
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from crm.workflows.reports.note_our_fault import note_our_fault
from tests.conftest import FakeClock
from tests.workflows.holding.test_guard import fault, history, look
from tests.workflows.reports.reported import Case, handed_over, says

both = pytest.mark.both_databases
FULL = {"type": "bounce", "status": "5.2.2", "reason": "552 5.2.2 mailbox full"}
UNCLEAR = {"type": "bounce", "status": "5.2.4", "reason": "550 5.2.4 a list of theirs"}
LATER = {"type": "bounce", "status": "4.4.7", "reason": "450 4.4.7 expired"}
OURS = {"type": "bounce", "status": "5.7.26", "reason": "550 5.7.26 unauthenticated mail"}
BIG = {"type": "bounce", "status": "5.3.4", "reason": "552 5.3.4 too big"}
BLOCK = {"type": "bounce", "status": "5.7.1", "reason": "550 5.7.1 listed at a block list"}


@pytest.fixture
def sent(services: Services, clock: FakeClock) -> Case:
    return handed_over(services, clock, answer=Accepted(None))


def address_state(case: Case) -> str:
    return case.outreach.prospect(case.enrolment.prospect_id).address_state


def domain_answer(case: Case, domain: str = "winkel.example") -> tuple[str, bool]:
    """What is known of the domain, and whether it is to be looked up at once."""
    with case.services.database.reading() as session:
        row = session.get_one(DomainCheck, domain)
        return row.answer, row.next_check_at <= case.outreach.now


@pytest.mark.parametrize(
    ("days", "states"),
    [
        ([0, 4, 7], ["unproven", "unproven", "bounced"]),
        ([0, 3, 6], ["unproven", "unproven", "bouncing"]),
        ([0, 8], ["unproven", "unproven"]),
        ([0, 1, 2, 9], ["unproven", "unproven", "bouncing", "bounced"]),
    ],
)
def test_full_three_times_over_a_week_is_given_up(
    sent: Case, clock: FakeClock, days: list[int], states: list[str]
) -> None:
    start, seen = clock.now, []
    for day in days:
        clock.now = start + timedelta(days=day)
        sent.hear(says(sent, "bounce", **FULL, attempt=str(day)))
        seen.append(address_state(sent))
    assert seen == states
    assert (sent.enrolment.stop_reason is StopReason.BOUNCED) is (states[-1] == "bounced")


@both
def test_what_nobody_can_tell_is_a_persons_on_the_second_day(sent: Case, clock: FakeClock) -> None:
    sent.hear(says(sent, "bounce", **UNCLEAR), says(sent, "bounce", **UNCLEAR, attempt="2"))
    assert address_state(sent) == "unproven"
    clock.advance(timedelta(days=1))
    sent.hear(says(sent, "bounce", **UNCLEAR))
    assert address_state(sent) == "bouncing"


@both
def test_only_the_last_five_mails_count(sent: Case, clock: FakeClock) -> None:
    sent.hear(says(sent, "bounce", **LATER))
    clock.advance(timedelta(days=1))
    sent.hear(says(sent, "bounce", **LATER))
    ids = history(sent.outreach, sent.enrolment.sequence_id, sent=5, age=timedelta())
    _give_to(sent, ids)
    clock.advance(timedelta(days=1))
    sent.hear(says(sent, "bounce", **LATER))
    assert address_state(sent) == "unproven"


def _give_to(case: Case, ids: list[int]) -> None:
    person = case.enrolment.prospect_id
    with case.services.database.transaction() as session:
        session.execute(update(Message).where(Message.id.in_(ids)).values(prospect_id=person))


@pytest.mark.parametrize(
    ("status", "reason", "answer"),
    [
        ("5.1.2", "550 5.1.2 host unknown", ("no_mail", False)),
        ("5.4.4", "550 5.4.4 unable to route", ("no_mail", False)),
        ("5.1.10", "556 5.1.10 recipient address has null MX", ("null_mx", False)),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", ("takes_mail", False)),
        ("5.1.1", "550 5.1.1 user unknown", ("takes_mail", False)),
        ("5.3.2", "550 5.3.2 not accepting", ("takes_mail", False)),
        ("", "Host or domain name not found", ("takes_mail", True)),
    ],
)
def test_a_domain_that_takes_no_mail_is_closed_for_everybody(
    sent: Case, status: str, reason: str, answer: tuple[str, bool]
) -> None:
    later = sent.outreach.now + timedelta(days=9)
    with sent.services.database.transaction() as session:
        session.execute(update(DomainCheck).values(next_check_at=later))
    sent.hear(says(sent, "bounce", type="bounce", status=status, reason=reason))
    assert (address_state(sent), domain_answer(sent)) == ("bounced", answer)


@both
def test_a_domain_of_everybody_never_ends_by_one_bounce(sent: Case) -> None:
    with sent.services.database.transaction() as session:
        session.execute(update(Prospect).values(address="ann@gmail.com"))
        session.add(DomainCheck(domain="gmail.com", answer="takes_mail", next_check_at=sent.outreach.now))
    sent.hear(says(sent, "bounce", type="bounce", status="5.1.2", reason="550 5.1.2 host unknown"))
    assert (address_state(sent), domain_answer(sent, "gmail.com")[0]) == ("bounced", "takes_mail")


@pytest.mark.parametrize(
    ("code", "detail", "state"),
    [
        ("550 5.1.1", "no such user", "bounced"),
        ("550", "user unknown", "bounced"),
        ("550 5.1.4", "ambiguous", "unproven"),
        ("550 5.7.1", "user unknown to our spam filter", "unproven"),
        ("400", "user unknown", "unproven"),
    ],
)
def test_a_no_at_once_is_judged_like_one_that_came_back(
    services: Services, clock: FakeClock, code: str, detail: str, state: str
) -> None:
    case = handed_over(services, clock, answer=Rejected(code, detail))
    assert case.message.state is MessageState.REJECTED
    assert address_state(case) == state


def paused(case: Case) -> tuple[list[str], list[bool]]:
    """Why mailboxes are paused, and whether sequences are."""
    with case.services.database.reading() as session:
        boxes = [one for one in session.scalars(select(Mailbox.pause_reason)) if one]
        return boxes, [one is not None for one in session.scalars(select(SequenceRow.paused_at))]


@pytest.mark.parametrize(
    ("said", "expected", "kind"),
    [
        (OURS, (["our_proof"], [False]), ["our_proof"]),
        (BIG, ([], [True]), ["content"]),
        (BLOCK, ([], [False]), []),
        (FULL, ([], [False]), []),
    ],
)
def test_what_is_our_own_fault_stands_still_and_says_so(
    sent: Case, said: dict[str, str], expected: tuple[list[str], list[bool]], kind: list[str]
) -> None:
    sent.hear(says(sent, "bounce", **said))
    assert paused(sent) == expected
    assert address_state(sent) == "unproven"
    with sent.services.database.reading() as session:
        assert [one.kind for one in standing(session)] == kind
    held = sent.enrolment.state is EnrolmentState.PAUSED
    assert held is (said is not FULL)


@both
def test_what_left_before_somebody_looked_holds_nothing_again(sent: Case, clock: FakeClock) -> None:
    sent.hear(says(sent, "bounce", **OURS))
    clock.advance(timedelta(hours=1))
    with sent.services.database.transaction() as session:
        box = session.scalars(select(Mailbox.id)).one()
        pauses.resume(session, Scope(Reach.MAILBOX, box), Wish(chain.OWNER, clock.now))
    clock.advance(timedelta(hours=1))
    sent.hear(says(sent, "bounce", **OURS, attempt="2"))
    assert paused(sent) == ([], [False])
    with sent.services.database.transaction() as session:
        ours = note_our_fault(session, "nobody knows", Hardness.OURS, code="", now=clock.now)
    assert ours is None


@pytest.mark.parametrize(("refused", "alarms"), [(2, ["blocks"]), (1, [])])
def test_too_many_refusals_of_us_stop_the_sequence(sent: Case, refused: int, alarms: list[str]) -> None:
    sequence = sent.outreach.sequence()
    ids = history(sent.outreach, sequence, sent=60)
    fault(sent.outreach, ids[:refused], MessageState.REJECTED, outcome="554 5.7.1 blocked")
    look(sent.outreach)
    with sent.services.database.reading() as session:
        assert list(session.scalars(select(Alarm.kind))) == alarms


@both
def test_a_mail_that_came_back_for_us_counts_as_refused_and_not_as_dead(sent: Case) -> None:
    ids = history(sent.outreach, sent.enrolment.sequence_id, sent=60)
    assert ids
    sent.hear(says(sent, "bounce", **BLOCK))
    look(sent.outreach)
    with sent.services.database.reading() as session:
        assert list(session.scalars(select(Alarm.kind))) == []
    fault(sent.outreach, ids[:1], MessageState.REJECTED, outcome="554 5.7.1 blocked")
    look(sent.outreach)
    with sent.services.database.reading() as session:
        [alarm] = session.scalars(select(Alarm))
    assert (alarm.kind, alarm.detail) == ("blocks", {"step": 1, "sent": 61, "count": 2})
