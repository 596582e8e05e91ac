"""Putting a sequence away, and what ends a sequence for one person."""

import pytest
from sqlalchemy import func, select

from crm.conversations.models import NoteKind
from crm.delivery.models import MessageState
from crm.prospects.models import Status
from crm.sequences.models import EnrolmentState, Sequence, SequenceVersion, Step, StepVariant, StopReason
from crm.sequences.texts import Words
from crm.services import Services
from crm.staff.models import Role, Staff
from crm.workflows.desk.log_note import Said, log_note
from crm.workflows.people.change_status import change_status
from crm.workflows.series.enrol import ArchivedError
from crm.workflows.series.retire_sequence import (
    PeopleInItError,
    archive_sequence,
    bring_back,
    delete_sequence,
)
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture
def noor(services: Services) -> int:
    with services.database.transaction() as session:
        row = Staff(
            name="Noor Bakker", email="noor@produfoto.example", password_hash="x", role=Role.SALES,
            created_at=services.clocks.real(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def planned(outreach: Outreach, clock: FakeClock) -> tuple[int, int]:
    """Somebody whose first mail is frozen and waits; they, and the sequence."""
    who, sequence = outreach.person(), outreach.sequence()
    [found] = outreach.enrol(who, sequence)
    assert found.due_at
    clock.now = found.due_at
    outreach.plan()
    assert outreach.states() == [MessageState.DUE]
    return who, sequence


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.MEETING, StopReason.MEETING),
        (Status.CONVERTED, StopReason.CONVERTED),
        (Status.LOST, StopReason.BY_STAFF),
    ],
)
def test_a_meeting_a_yes_and_a_lost_prospect_end_their_sequences(
    outreach: Outreach, clock: FakeClock, noor: int, status: Status, reason: StopReason
) -> None:
    who, _ = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        assert change_status(session, who, status, by=noor, at=clock.now)
    [one] = outreach.enrolments()
    assert (one.state, one.stop_reason) == (EnrolmentState.STOPPED, reason)
    assert outreach.states() == [MessageState.CANCELLED]


def test_an_answer_noted_by_hand_alone_ends_nothing(outreach: Outreach, clock: FakeClock, noor: int) -> None:
    who, _ = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        change_status(session, who, Status.CONTACTED, by=noor, at=clock.now)
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING
    assert outreach.states() == [MessageState.DUE]


def test_a_meeting_that_is_written_down_ends_their_sequences(
    outreach: Outreach, clock: FakeClock, noor: int
) -> None:
    who, _ = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        log_note(session, who, Said(NoteKind.MEETING, "Op de beurs gesproken"), by=noor, now=clock.now)
    [one] = outreach.enrolments()
    assert (one.state, one.stop_reason) == (EnrolmentState.STOPPED, StopReason.MEETING)
    assert outreach.states() == []


def test_a_call_that_is_written_down_does_not(outreach: Outreach, clock: FakeClock, noor: int) -> None:
    who, _ = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        log_note(session, who, Said(NoteKind.CALL, "Belt later terug"), by=noor, now=clock.now)
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING


def test_a_sequence_with_people_in_it_is_not_deleted(outreach: Outreach, clock: FakeClock) -> None:
    _, sequence = planned(outreach, clock)
    with (
        pytest.raises(PeopleInItError, match="Archive it"),
        outreach.services.database.transaction() as session,
    ):
        delete_sequence(session, sequence, by=None, at=clock.now)
    assert outreach.states() == [MessageState.DUE]


def test_one_whose_people_are_all_through_stays_too_for_it_says_what_was_sent(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail())
    outreach.enrol(outreach.person(), sequence)
    with outreach.services.database.transaction() as session:
        archive_sequence(session, sequence, stop_people=True, by=None, at=clock.now)
    with pytest.raises(PeopleInItError), outreach.services.database.transaction() as session:
        delete_sequence(session, sequence, by=None, at=clock.now)


def test_one_that_nobody_was_ever_in_is_deleted_whole(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(others=(Words("B", "Hoi"),)), mail(3, ""))
    with outreach.services.database.transaction() as session:
        delete_sequence(session, sequence, by=None, at=clock.now)
        left = [
            session.scalar(select(func.count()).select_from(model))
            for model in (Sequence, SequenceVersion, Step, StepVariant)
        ]
    assert left == [0, 0, 0, 0]


def test_an_archived_one_takes_nobody_new_and_lets_the_others_go_on(
    outreach: Outreach, clock: FakeClock
) -> None:
    _, sequence = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        assert archive_sequence(session, sequence, stop_people=False, by=None, at=clock.now) == 0
    with pytest.raises(ArchivedError, match="Bring it back"):
        outreach.enrol(outreach.person(), sequence)
    outreach.dispatch()
    assert outreach.states() == [MessageState.SENT]


def test_archiving_may_stop_it_for_everybody(outreach: Outreach, clock: FakeClock) -> None:
    _, sequence = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        assert archive_sequence(session, sequence, stop_people=True, by=None, at=clock.now) == 1
    assert outreach.states() == [MessageState.CANCELLED]
    assert outreach.enrolments()[0].stop_reason is StopReason.BY_STAFF


def test_one_that_was_brought_back_takes_people_again(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence()
    with outreach.services.database.transaction() as session:
        archive_sequence(session, sequence, stop_people=False, by=None, at=clock.now)
        bring_back(session, sequence, by=None, at=clock.now)
    [found] = outreach.enrol(outreach.person(), sequence)
    assert found.is_in
