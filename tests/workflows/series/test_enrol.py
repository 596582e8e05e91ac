"""Putting people into a sequence."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.kernel.errors import NotFoundError
from crm.permission.reasons import Reason
from crm.sequences import beginnings, enrolments, versions
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def test_whom_the_gate_allows_is_in(outreach: Outreach) -> None:
    [found] = outreach.enrol(outreach.person(), outreach.sequence())
    assert found.is_in
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.RUNNING]


def test_whom_it_does_not_allow_is_told_why(outreach: Outreach) -> None:
    [found] = outreach.enrol(outreach.person(proven=False), outreach.sequence())
    assert found.decision
    assert (found.is_in, found.decision.has(Reason.BASIS_MISSING)) == (False, True)
    assert outreach.enrolments() == []


def test_nobody_by_that_number_is_no_error(outreach: Outreach) -> None:
    [found] = outreach.enrol(10**6, outreach.sequence())
    assert (found.is_in, found.decision) == (False, None)


def test_a_second_sequence_waits_for_the_first(outreach: Outreach) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence())
    [found] = outreach.enrol(who, outreach.sequence())
    assert found.decision
    assert (found.is_in, found.decision.has(Reason.OTHER_SEQUENCE)) == (False, True)


def test_the_same_person_twice_in_one_call_is_enrolled_once(outreach: Outreach) -> None:
    who = outreach.person()
    assert len(outreach.enrol([who, who], outreach.sequence())) == 1
    assert len(outreach.enrolments()) == 1


def test_the_database_keeps_a_person_in_one_sequence_at_a_time(outreach: Outreach) -> None:
    who, sequence = outreach.person(), outreach.sequence()
    outreach.enrol(who, sequence)
    version = outreach.enrolments()[0].version_id
    with outreach.services.database.transaction() as session:
        begun = beginnings.begin(
            session,
            [beginnings.NewEnrolment(who, NOW)],
            sequence_id=sequence,
            version_id=version,
            by=None,
            at=NOW,
        )
    assert begun == {}


def test_a_stopped_sequence_makes_room_for_a_new_one(outreach: Outreach) -> None:
    who, sequence = outreach.person(), outreach.sequence()
    outreach.enrol(who, sequence)
    with outreach.services.database.transaction() as session:
        assert enrolments.stop_all(session, [who], StopReason.BY_STAFF, at=NOW) == 1
    [found] = outreach.enrol(who, sequence)
    assert found.is_in


def test_of_three_colleagues_two_are_enrolled_and_the_third_waits(outreach: Outreach) -> None:
    first = outreach.person("a@winkel.example")
    company_id = outreach.prospect(first).company_id
    others = [outreach.person(f"{name}@winkel.example", company_id=company_id) for name in "bc"]
    found = outreach.enrol([first, *others], outreach.sequence())
    assert [one.is_in for one in found] == [True, True, False]
    assert found[2].decision
    assert found[2].decision.has(Reason.COMPANY_IS_BUSY)


def test_a_domain_nobody_asked_about_yet_keeps_nobody_out(outreach: Outreach) -> None:
    [found] = outreach.enrol(outreach.person(domain_answer=None), outreach.sequence())
    assert found.is_in


def test_the_first_mail_keeps_to_office_hours_too(outreach: Outreach, clock: FakeClock) -> None:
    clock.now = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)  # a Friday night
    [found] = outreach.enrol(outreach.person(), outreach.sequence())
    assert found.due_at
    assert datetime(2026, 3, 9, 8, 0, tzinfo=UTC) <= found.due_at < datetime(2026, 3, 9, 16, 0, tzinfo=UTC)


def test_the_first_delay_counts_from_the_enrolment(outreach: Outreach) -> None:
    [found] = outreach.enrol(outreach.person(), outreach.sequence(mail(2)))
    assert found.due_at
    assert found.due_at.date() == (NOW + timedelta(days=2)).date()


def test_people_keep_the_version_they_were_enrolled_in(outreach: Outreach) -> None:
    first, second, sequence = outreach.person(), outreach.person(), outreach.sequence()
    outreach.enrol(first, sequence)
    with outreach.services.database.transaction() as session:
        versions.publish(session, sequence, [mail(), mail(3), mail(5)], by=None, at=NOW)
    outreach.enrol(second, sequence)
    kept, new = outreach.enrolments()
    assert kept.version_id != new.version_id


def test_a_sequence_that_is_not_there_is_an_error(outreach: Outreach) -> None:
    with pytest.raises(NotFoundError):
        outreach.enrol(outreach.person(), 10**6)
