"""What one person and one company get, over everything: sequences, and mails written by hand (B16)."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update

from crm.delivery.models import Message, MessageState
from crm.delivery.new_message import NewMessage
from crm.delivery.outbox import queue
from crm.kernel.addresses import EmailAddress
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.kernel.workdays import working_days_between
from crm.operations import rules
from crm.prospects.editing import ProspectChanges
from crm.services import Services
from crm.workflows.people.edit_prospect import edit_prospect
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def write(outreach: Outreach, who: int) -> None:
    """A colleague's mail, due at once."""
    person = outreach.prospect(who)
    letter = NewMessage(
        public_id=new_public_id(), kind=MailKind.MANUAL, mailbox_id=outreach.mailbox(),
        recipient=person.address, address_digest=person.address_digest,
        sender="b+x@outreach.produfoto.example", subject_line="x", wire=b"Subject: x\r\n\r\nx\r\n",
        due_at=outreach.now, prospect_id=who, first_contact=True, notice_version="1",
    )  # fmt: skip
    with outreach.services.database.transaction() as session:
        queue(session, letter, now=outreach.now)


def limit(outreach: Outreach, name: str, value: int) -> None:
    with outreach.services.database.transaction() as session:
        rules.change(session, name, value, was=0, by=None, at=outreach.now)


def work(outreach: Outreach, clock: FakeClock, *, days: int) -> None:
    end = clock.now + timedelta(days=days)
    while clock.now < end:
        outreach.plan()
        outreach.dispatch()
        clock.now += timedelta(hours=2)


def left(outreach: Outreach, who: int | None = None) -> list[datetime]:
    """When mail to somebody left, in order."""
    mine = [one for one in outreach.messages() if who is None or one.prospect_id == who]
    return sorted(one.sent_at for one in mine if one.sent_at is not None)


def days_between(moments: list[datetime]) -> list[int]:
    return [working_days_between(one.date(), after.date(), "NL") for one, after in pairwise(moments)]


def kinds(outreach: Outreach) -> list[MailKind]:
    gone: list[Message] = [one for one in outreach.messages() if one.sent_at is not None]
    return [one.kind for one in sorted(gone, key=lambda one: one.sent_at or NOW)]


def test_after_a_mail_by_hand_the_sequence_waits_three_working_days(
    outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person()
    write(outreach, who)
    outreach.dispatch()
    outreach.enrol(who, outreach.sequence(mail()))
    work(outreach, clock, days=9)
    assert kinds(outreach) == [MailKind.MANUAL, MailKind.OUTREACH]
    assert days_between(left(outreach)) == [3]


def test_after_a_step_a_mail_by_hand_waits_three_working_days(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(mail(), mail(10, "")))
    work(outreach, clock, days=1)
    clock.now = clock.now.replace(hour=10)
    write(outreach, who)
    work(outreach, clock, days=9)
    assert kinds(outreach) == [MailKind.OUTREACH, MailKind.MANUAL]
    assert days_between(left(outreach)) == [3]


def test_nobody_gets_more_than_six_mails_a_year_whoever_wrote_them(
    outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person()
    for _ in range(8):
        write(outreach, who)
        work(outreach, clock, days=7)
        clock.now = clock.now.replace(hour=10)
    moments = left(outreach, who)
    assert len(moments) == 6
    clock.now = moments[0] + timedelta(days=366)
    assert min(days_between(moments)) >= 3


def test_whose_address_is_put_right_had_the_years_mails_all_the_same(
    outreach: Outreach, clock: FakeClock
) -> None:
    who, services = outreach.person("old@winkel.example"), outreach.services
    limit(outreach, "mails_a_year", 2)
    for number in range(4):
        with services.database.transaction() as session:
            edit_prospect(
                session, who, ProspectChanges(address=EmailAddress.parse(f"new{number}@winkel.example")),
                version=outreach.prospect(who).version, ring=services.settings.keys.addresses,
                journal=services.journal, by=1, now=clock.now,
            )  # fmt: skip
        write(outreach, who)
        work(outreach, clock, days=7)
        clock.now = clock.now.replace(hour=10)
    assert len(left(outreach, who)) == 2


def test_the_owners_own_distance_is_the_one_that_is_kept(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    limit(outreach, "gap_working_days", 5)
    outreach.enrol(who, outreach.sequence(mail(), mail(1, "")))
    work(outreach, clock, days=14)
    assert days_between(left(outreach)) == [5]


def test_a_third_person_of_a_company_is_not_enrolled(outreach: Outreach, clock: FakeClock) -> None:
    first = outreach.person("ann@winkel.example")
    company = outreach.prospect(first).company_id
    others = [outreach.person(f"{name}@winkel.example", company_id=company) for name in ("ben", "cas")]
    sequence = outreach.sequence(mail())
    taken = [outreach.enrol(who, sequence)[0].due_at is not None for who in (first, *others)]
    assert taken == [True, True, False]


def test_when_fewer_of_a_company_are_allowed_the_first_goes_on_and_the_others_wait(
    outreach: Outreach, clock: FakeClock
) -> None:
    first = outreach.person("ann@winkel.example")
    second = outreach.person("ben@winkel.example", company_id=outreach.prospect(first).company_id)
    outreach.enrol([first, second], outreach.sequence(mail(), mail(3, "")))
    limit(outreach, "sequences_a_company", 1)
    work(outreach, clock, days=14)
    mails = left(outreach, first), left(outreach, second)
    assert [len(one) for one in mails] == [2, 2]
    assert mails[0][-1] < mails[1][0]


def test_two_mails_to_one_person_in_two_hands_are_one(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(mail()))
    clock.now = clock.now.replace(hour=15, minute=50)
    outreach.plan()
    write(outreach, who)
    assert outreach.dispatch().sent == 1
    assert outreach.states().count(MessageState.SENT) == 1


def colleagues(outreach: Outreach) -> tuple[int, int]:
    first = outreach.person("ann@winkel.example")
    return first, outreach.person("ben@winkel.example", company_id=outreach.prospect(first).company_id)


def test_the_last_mail_a_company_gets_is_one_though_two_are_in_hand(
    outreach: Outreach, clock: FakeClock
) -> None:
    limit(outreach, "unanswered_a_company", 1)
    for who in colleagues(outreach):
        write(outreach, who)
    work(outreach, clock, days=5)
    assert outreach.states() == [MessageState.SENT, MessageState.WITHHELD]


def test_a_mail_that_may_have_left_counts_for_the_company(outreach: Outreach, clock: FakeClock) -> None:
    limit(outreach, "unanswered_a_company", 1)
    first, second = colleagues(outreach)
    write(outreach, first)
    with outreach.services.database.transaction() as session:
        session.execute(update(Message).values(state=MessageState.UNCERTAIN))
    write(outreach, second)
    work(outreach, clock, days=1)
    assert outreach.states() == [MessageState.UNCERTAIN, MessageState.DUE]
