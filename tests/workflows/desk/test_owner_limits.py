"""Each number that the owner may change is the one that the program goes by."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from crm.delivery.models import Mailbox
from crm.delivery.ports import Accepted
from crm.kernel.mail import Language, MailKind
from crm.operations import rules
from crm.permission.decide import decide
from crm.permission.reasons import Reason
from crm.queries.gate.facts import facts_for
from crm.services import Services
from crm.workflows.desk.write_mail import Written, write_mail
from crm.workflows.series.publish_sequence import Draft, FaultyTextError, publish_sequence
from tests.conftest import FakeClock
from tests.correspondence import Correspondence
from tests.fakes import MemoryMailDomains
from tests.outreach import Outreach, mail
from tests.workflows.house.test_check_own_domains import DKIM, RECORDS, look
from tests.workflows.reports.reported import handed_over, says
from tests.workflows.sending.test_dispatch import planned

LATER = {"type": "bounce", "status": "5.2.2", "reason": "552 5.2.2 mailbox full"}
AWAY = {"Auto_Submitted": "auto-replied"}


def limit(services: Services, **values: int) -> None:
    with services.database.transaction() as session:
        for name, value in values.items():
            rules.change(session, name, value, was=0, by=None, at=services.clocks.calendar())


def publish(outreach: Outreach, mails: int) -> int:
    steps = [mail(3 * bool(number), f"Mail {number}") for number in range(mails)]
    box = outreach.mailbox()
    with outreach.services.database.transaction() as session:
        draft = Draft(f"Reeks van {mails}", Language.NL, steps, box)
        return publish_sequence(session, draft, sequence_id=None, by=None, at=outreach.now)


def test_the_mails_of_a_sequence(services: Services) -> None:
    outreach = Outreach(services)
    with pytest.raises(FaultyTextError, match="at most 4 mails"):
        publish(outreach, 5)
    limit(services, steps_a_sequence=5)
    assert publish(outreach, 5)
    limit(services, steps_a_sequence=2)
    with pytest.raises(FaultyTextError, match="at most 2 mails"):
        publish(outreach, 3)


def test_how_long_somebody_is_away_who_names_no_day(services: Services) -> None:
    talk = Correspondence(services)
    limit(services, absence_without_date=21)
    talk.writes("Ik ben afwezig.", **AWAY)
    assert talk.enrolment().resumes_at == talk.outreach.now + timedelta(days=21)


def test_how_long_an_absence_holds_at_most(services: Services) -> None:
    talk = Correspondence(services)
    limit(services, absence_at_most=90)
    talk.writes("Ik ben afwezig tot en met 30 september 2026.", **AWAY)
    assert talk.enrolment().resumes_at == talk.outreach.now + timedelta(days=90)


def test_how_many_working_days_after_an_absence(services: Services) -> None:
    talk = Correspondence(services)
    limit(services, absence_return_working_days=3)
    talk.writes("Ik ben afwezig tot en met 13 maart 2026.", **AWAY)
    resumes_at = talk.enrolment().resumes_at
    assert resumes_at
    assert resumes_at.date() == date(2026, 3, 18)


def test_on_how_many_days_mail_may_come_back_for_now(services: Services, clock: FakeClock) -> None:
    sent = handed_over(services, clock, answer=Accepted(None))
    limit(services, soft_bounces=2)
    seen = []
    for number in range(2):
        sent.hear(says(sent, "bounce", **LATER, attempt=str(number)))
        seen.append(sent.outreach.prospect(sent.enrolment.prospect_id).address_state)
        clock.advance(timedelta(days=1))
    assert seen == ["unproven", "bouncing"]


def test_of_how_many_mails_those_are_counted(services: Services, clock: FakeClock) -> None:
    sent = handed_over(services, clock, answer=Accepted(None))
    limit(services, soft_bounces=2, soft_bounces_of=1)
    sent.hear(says(sent, "bounce", **LATER))
    [one] = sent.outreach.enrolments()
    assert one.next_due_at
    clock.now = one.next_due_at
    sent.outreach.plan()
    sent.outreach.dispatch()
    assert len([one for one in sent.outreach.messages() if one.sent_at]) == 2
    sent.hear(says(sent, "bounce", **LATER, attempt="2"))
    assert sent.outreach.prospect(sent.enrolment.prospect_id).address_state == "unproven"


def test_how_long_a_fault_of_our_own_domain_may_stand(services: Services, clock: FakeClock) -> None:
    box, texts = Outreach(services).mailbox(), MemoryMailDomains(names={**RECORDS, DKIM: ()})
    limit(services, domain_grace=5)
    seen = []
    for _ in range(2):
        look(services, texts, clock)
        with services.database.reading() as session:
            seen.append(session.scalar(select(Mailbox.pause_reason).where(Mailbox.id == box)))
        clock.advance(timedelta(hours=5))
    assert seen == ["", "authentication"]


def test_how_long_a_mail_by_hand_can_be_taken_back(services: Services) -> None:
    talk = Correspondence(services)
    inbound = talk.writes("Kunt u mij morgen bellen?")
    limit(services, undo=90)
    with services.database.transaction() as session:
        written = Written("", "Dat doen we.", inbound.id)
        write_mail(session, services.desk, talk.person, written, now=talk.outreach.now)
    assert talk.outreach.messages()[-1].due_at == talk.outreach.now + timedelta(seconds=90)


def test_how_old_a_published_address_may_be(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    person = outreach.person()
    clock.advance(timedelta(days=60))
    assert not _stale(outreach, person)
    limit(services, proof_age=60)
    assert _stale(outreach, person)


def _stale(outreach: Outreach, person: int) -> bool:
    with outreach.services.database.reading() as session:
        settings = outreach.services.settings
        facts = facts_for(session, [person], MailKind.OUTREACH, outreach.now, settings)[person]
    return decide(facts, outreach.now).has(Reason.PROOF_STALE)


def left(outreach: Outreach) -> int:
    while outreach.dispatch().claimed:
        continue
    return len([one for one in outreach.messages() if one.sent_at])


def test_how_many_mails_leave_a_mailbox_in_a_day(services: Services, clock: FakeClock) -> None:
    """Also one that was given more before: at once, and though its mail is planned already."""
    outreach = Outreach(services)
    planned(outreach, clock, *outreach.people(5))
    limit(services, mails_a_mailbox_day_at_most=3)
    assert left(outreach) == 3
    limit(services, mails_a_mailbox_day_at_most=100)
    assert left(outreach) == 5


def test_no_more_are_made_for_a_day(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    limit(services, mails_a_mailbox_day_at_most=3)
    planned(outreach, clock, *outreach.people(5))
    assert len(outreach.messages()) == 3
