"""What the gate is told, loaded for many people at once."""

from datetime import timedelta

import pytest

from crm.delivery.models import MessageState
from crm.kernel.mail import MailKind
from crm.operations import switches
from crm.permission.decide import decide
from crm.permission.facts import Facts
from crm.permission.findings import Decision, Verdict
from crm.permission.reasons import Reason
from crm.permission.terms import AddressState, DomainState, Reach
from crm.privacy.models import RefusalScope, RightsRequest
from crm.prospects.models import Company, Prospect, Status
from crm.queries.gate.facts import Question, facts_batch, facts_for
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def facts(outreach: Outreach, prospect_id: int, kind: MailKind = MailKind.OUTREACH) -> Facts:
    with outreach.services.database.reading() as session:
        found = facts_for(session, [prospect_id], kind, outreach.now, outreach.services.settings)
    return found[prospect_id]


def asked(outreach: Outreach, question: Question) -> Facts:
    with outreach.services.database.reading() as session:
        [loaded] = facts_batch(session, [question], outreach.now, outreach.services.settings)
    assert loaded
    return loaded.facts


def judged(outreach: Outreach, prospect_id: int) -> Decision:
    return decide(facts(outreach, prospect_id), outreach.now)


def change(outreach: Outreach, prospect_id: int, **values: object) -> None:
    with outreach.services.database.transaction() as session:
        row = session.get_one(Prospect, prospect_id)
        for name, value in values.items():
            setattr(row, name, value)


def send_one(outreach: Outreach, prospect_id: int, clock: FakeClock, *steps: object) -> None:
    """Their first mail, at the moment it is due."""
    sequence = outreach.sequence(*(steps or (mail(),)))  # type: ignore[arg-type] # steps
    [enrolled] = outreach.enrol(prospect_id, sequence)
    assert enrolled.due_at
    clock.now = enrolled.due_at
    outreach.plan()
    outreach.dispatch()
    assert outreach.states()[-1] is MessageState.SENT


def test_a_prospect_with_a_ground_may_be_written_to(outreach: Outreach) -> None:
    assert judged(outreach, outreach.person()).verdict is Verdict.ALLOW


def test_a_prospect_without_a_ground_may_not(outreach: Outreach) -> None:
    assert judged(outreach, outreach.person(proven=False)).has(Reason.BASIS_MISSING)


def test_people_who_are_gone_are_left_out(outreach: Outreach) -> None:
    with outreach.services.database.reading() as session:
        assert facts_for(session, [10**6], MailKind.OUTREACH, NOW, outreach.services.settings) == {}


def test_many_people_are_told_apart(outreach: Outreach) -> None:
    good, bad = outreach.people(2), outreach.person(proven=False)
    with outreach.services.database.reading() as session:
        found = facts_for(session, [*good, bad], MailKind.OUTREACH, NOW, outreach.services.settings)
    assert [bool(found[one].proofs) for one in (*good, bad)] == [True, True, False]


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("ann@winkel.example", "ANN@Winkel.example"),
        ("max.mueller+shop@winkel.example", "max.mueller@winkel.example"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
    ],
)
def test_a_no_is_found_in_any_spelling(outreach: Outreach, theirs: str, told: str) -> None:
    who = outreach.person(theirs)
    outreach.refuse(told)
    assert judged(outreach, who).has(Reason.ADDRESS_REFUSED)


def test_a_no_of_somebody_else_is_not_theirs(outreach: Outreach) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.refuse("bob@kiosk.example")
    assert judged(outreach, who).verdict is Verdict.ALLOW


def test_a_no_of_the_domain_covers_everybody_there(outreach: Outreach) -> None:
    who = outreach.person("ann@mail.winkel.example")
    outreach.refuse("bob@winkel.example", scope=RefusalScope.DOMAIN)
    assert judged(outreach, who).has(Reason.DOMAIN_REFUSED)


def test_a_no_of_the_companys_own_domain_covers_other_addresses_there(outreach: Outreach) -> None:
    first = outreach.person("ann@winkel.example")
    company_id = outreach.prospect(first).company_id
    second = outreach.person("bob@elders.example", company_id=company_id)
    outreach.refuse("x@winkel.example", scope=RefusalScope.DOMAIN)
    assert judged(outreach, second).has(Reason.COMPANY_REFUSED)


def test_a_series_refused_is_only_that_series(outreach: Outreach) -> None:
    who, series, other = outreach.person("ann@winkel.example"), outreach.sequence(), outreach.sequence()
    outreach.refuse("ann@winkel.example", scope=RefusalScope.SEQUENCE, scope_id=series)
    reaches = [
        [one.reach for one in asked(outreach, Question(prospect_id=who, sequence_id=sequence)).refusals]
        for sequence in (series, other, None)
    ]
    assert reaches == [[Reach.SEQUENCE], [], []]


def test_a_snooze_has_its_end(outreach: Outreach) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.refuse("ann@winkel.example", scope=RefusalScope.SNOOZE, until=NOW + timedelta(days=30))
    assert judged(outreach, who).retry_at == NOW + timedelta(days=30)


def test_an_objection_to_measuring_stops_no_mail(outreach: Outreach) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.refuse("ann@winkel.example", scope=RefusalScope.MEASURING)
    assert facts(outreach, who).measuring_refused
    assert judged(outreach, who).verdict is Verdict.ALLOW


def test_a_no_of_a_colleague_holds_the_others_until_somebody_releases_them(outreach: Outreach) -> None:
    first = outreach.person("ann@winkel.example")
    company_id = outreach.prospect(first).company_id
    second = outreach.person("bob@winkel.example", company_id=company_id)
    outreach.refuse("ann@winkel.example")
    assert judged(outreach, second).has(Reason.COLLEAGUE_REFUSED)
    with outreach.services.database.transaction() as session:
        session.get_one(Company, company_id).released_at = NOW + timedelta(seconds=1)
    assert judged(outreach, second).verdict is Verdict.ALLOW


def test_an_answer_of_a_colleague_holds_the_others(outreach: Outreach) -> None:
    first = outreach.person("ann@winkel.example")
    second = outreach.person("bob@winkel.example", company_id=outreach.prospect(first).company_id)
    change(outreach, first, last_reply_at=NOW)
    assert facts(outreach, second).past.colleague_replied_at == NOW
    assert facts(outreach, first).past.colleague_replied_at is None


def test_a_domain_nobody_asked_about_is_unknown(outreach: Outreach) -> None:
    who = outreach.person(domain_answer=None)
    assert facts(outreach, who).recipient.domain is DomainState.UNKNOWN


def test_a_domain_without_mail_is_one(outreach: Outreach) -> None:
    who = outreach.person(domain_answer="no_mail")
    assert facts(outreach, who).recipient.domain is DomainState.NO_MAIL


def test_a_state_nobody_knows_counts_as_an_invalid_address(outreach: Outreach) -> None:
    who = outreach.person()
    change(outreach, who, address_state="whatever")
    assert facts(outreach, who).recipient.state is AddressState.INVALID


def test_restriction_and_requests_are_told(outreach: Outreach) -> None:
    who = outreach.person()
    change(outreach, who, restricted_at=NOW)
    with outreach.services.database.transaction() as session:
        session.add(
            RightsRequest(
                prospect_id=who,
                kind="access",
                channel="page",
                received_at=NOW,
                due_at=NOW + timedelta(days=30),
            )
        )
    assert (facts(outreach, who).restricted_at, facts(outreach, who).request_since) == (NOW, NOW)


def test_data_is_kept_so_many_months_and_twice_that_after_an_answer(outreach: Outreach) -> None:
    who = outreach.person()
    assert facts(outreach, who).erase_at == NOW.replace(year=2027)
    change(outreach, who, last_reply_at=NOW)
    assert facts(outreach, who).erase_at == NOW.replace(year=2028)


def test_a_mail_that_left_counts(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    send_one(outreach, who, clock)
    past = facts(outreach, who).past
    assert (past.last_mail_at, past.mails_last_year, past.oldest_mail_at) == (clock.now, 1, clock.now)
    assert past.unanswered_at_company == 1


def test_a_mail_of_two_years_ago_counts_no_more_for_the_person(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    send_one(outreach, who, clock)
    clock.advance(timedelta(days=366))
    assert facts(outreach, who).past.mails_last_year == 0


def test_an_answer_starts_the_companys_count_anew(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    send_one(outreach, who, clock)
    change(outreach, who, last_reply_at=clock.now + timedelta(minutes=1))
    assert facts(outreach, who).past.unanswered_at_company == 0


def test_the_notice_counts_as_given_with_the_first_mail(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    assert facts(outreach, who).notice_at is None
    send_one(outreach, who, clock)
    assert facts(outreach, who).notice_at == clock.now


def test_a_sequence_that_ended_without_an_answer_is_told(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    send_one(outreach, who, clock)
    assert facts(outreach, who).past.ended_unanswered_at == clock.now
    change(outreach, who, last_reply_at=clock.now + timedelta(minutes=1))
    assert facts(outreach, who).past.ended_unanswered_at is None


def test_an_enrolment_does_not_compete_with_itself(outreach: Outreach) -> None:
    who, sequence = outreach.person(), outreach.sequence()
    [enrolled] = outreach.enrol(who, sequence)
    own = Question(prospect_id=who, enrolment_id=enrolled.enrolment_id)
    assert asked(outreach, own).past.other_sequences == 0
    assert facts(outreach, who).past.other_sequences == 1


def test_people_of_one_company_in_sequences_are_counted_without_oneself(outreach: Outreach) -> None:
    first = outreach.person("ann@winkel.example")
    second = outreach.person("bob@winkel.example", company_id=outreach.prospect(first).company_id)
    outreach.enrol(first, outreach.sequence())
    assert [facts(outreach, who).past.company_sequences for who in (first, second)] == [0, 1]


def test_an_answer_since_the_enrolment_ends_it(outreach: Outreach) -> None:
    who = outreach.person()
    change(outreach, who, last_reply_at=NOW)
    before, after = NOW - timedelta(days=1), NOW + timedelta(days=1)
    found = [
        asked(outreach, Question(prospect_id=who, enrolled_at=at)).past.replied_at for at in (before, after)
    ]
    assert found == [NOW, None]


def test_a_talk_that_goes_on_keeps_machines_away(outreach: Outreach) -> None:
    who = outreach.person()
    change(outreach, who, last_reply_at=NOW, status=Status.MEETING)
    assert judged(outreach, who).has(Reason.REPLIED)


def test_a_customer_is_one(outreach: Outreach) -> None:
    who = outreach.person()
    change(outreach, who, status=Status.CONVERTED)
    assert judged(outreach, who).has(Reason.CONVERTED)


def test_switches_and_pauses_are_told(outreach: Outreach) -> None:
    who, box = outreach.person(), outreach.mailbox()
    with outreach.services.database.transaction() as session:
        switches.turn(session, switches.PAUSED, on=True, by=None, at=NOW)
    assert asked(outreach, Question(prospect_id=who, mailbox_id=box)).pauses.everything


def test_an_installation_that_is_not_armed_counts_as_paused(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        switches.turn(session, switches.ARMED, on=False, by=None, at=NOW)
    assert judged(outreach, outreach.person()).has(Reason.EVERYTHING_PAUSED)
