"""Publishing again: whom it concerns, and what is never said twice."""

from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import select, update

from crm.conversations.models import Task
from crm.delivery.models import Message, MessageState
from crm.queries.sending.due_steps import due_steps
from crm.sequences import versions
from crm.sequences.changes import as_new
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.workflows.planning.advance import step_done
from crm.workflows.planning.plan_steps import make
from crm.workflows.planning.plan_write import write
from crm.workflows.planning.write_letter import Desk
from crm.workflows.series.move_enrolments import Moved, move_enrolments
from tests.conftest import FakeClock
from tests.outreach import Outreach, hand_work, mail

pytestmark = pytest.mark.both_databases

EVERYBODY = 10**9


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def steps(outreach: Outreach, sequence: int) -> list[NewStep]:
    with outreach.services.database.reading() as session:
        return as_new(versions.newest(session, sequence))


def publish(outreach: Outreach, sequence: int, *new: NewStep) -> int:
    with outreach.services.database.transaction() as session:
        return versions.publish(session, sequence, new, by=None, at=outreach.now)


def move(outreach: Outreach, sequence: int, *, up_to: int = EVERYBODY) -> Moved:
    with outreach.services.database.transaction() as session:
        return move_enrolments(session, sequence, up_to=up_to, by=None, at=outreach.now)


def due(outreach: Outreach) -> datetime:
    found = outreach.enrolments()[0].next_due_at
    assert found
    return found


def go(outreach: Outreach, clock: FakeClock) -> None:
    clock.now = due(outreach)
    outreach.plan()
    outreach.dispatch()


def bodies(outreach: Outreach) -> list[str]:
    found = []
    for one in outreach.messages():
        parsed = message_from_bytes(one.wire, policy=default)
        assert isinstance(parsed, EmailMessage)
        part = parsed.get_body(("plain",))
        assert part
        found.append(part.get_content().splitlines()[0])
    return found


def test_publishing_alone_moves_nobody(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"), mail(3, "", "Twee"))
    outreach.enrol(outreach.person(), sequence)
    publish(outreach, sequence, mail(body="Anders"), mail(3, "", "Ook anders"))
    for _ in range(2):
        go(outreach, clock)
    assert bodies(outreach) == ["Een", "Twee"]


def test_who_is_moved_gets_the_new_words_and_the_others_the_old(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"), mail(3, "", "Twee"))
    outreach.enrol(outreach.people(2), sequence)
    clock.now = clock.now.replace(hour=15, minute=59)
    outreach.plan()
    outreach.dispatch()
    one, two = steps(outreach, sequence)
    publish(outreach, sequence, one, mail(3, "", "Twee, maar beter", lineage=two.lineage))
    first = outreach.enrolments()[0]
    assert move(outreach, sequence, up_to=first.id) == Moved(1, 0)
    clock.now = max(each.next_due_at for each in outreach.enrolments() if each.next_due_at)
    outreach.plan()
    said = dict(zip([one.enrolment_id for one in outreach.messages()][2:], bodies(outreach)[2:], strict=True))
    assert said == {first.id: "Twee, maar beter", outreach.enrolments()[1].id: "Twee"}


def test_what_is_frozen_and_unclaimed_is_made_anew_at_its_moment(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail(body="Een"))
    outreach.enrol(outreach.person(), sequence)
    clock.now = moment = due(outreach)
    outreach.plan()
    assert bodies(outreach) == ["Een"]
    [old] = steps(outreach, sequence)
    publish(outreach, sequence, mail(body="Beter", lineage=old.lineage))
    assert move(outreach, sequence) == Moved(1, 0)
    assert outreach.messages() == []
    assert due(outreach) == moment
    outreach.plan()
    assert (bodies(outreach), outreach.states()) == (["Beter"], [MessageState.DUE])


@pytest.mark.parametrize("state", [MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN])
def test_a_mail_that_is_leaving_never_changes_and_its_person_stays(
    outreach: Outreach, clock: FakeClock, state: MessageState
) -> None:
    sequence = outreach.sequence(mail(body="Een"), mail(3, "", "Twee"))
    outreach.enrol(outreach.person(), sequence)
    clock.now = due(outreach)
    outreach.plan()
    with outreach.services.database.transaction() as session:
        session.execute(update(Message).values(state=state))
    before = outreach.messages()[0].wire
    old_version = outreach.enrolments()[0].version_id
    one, two = steps(outreach, sequence)
    publish(outreach, sequence, mail(body="Beter", lineage=one.lineage), two)
    assert move(outreach, sequence) == Moved(0, 1)
    assert outreach.messages()[0].wire == before
    assert outreach.enrolments()[0].version_id == old_version
    assert outreach.enrolments()[0].next_due_at is None


def test_a_step_put_in_front_is_not_done_by_who_is_past_it(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"), mail(3, "", "Twee"))
    outreach.enrol(outreach.person(), sequence)
    go(outreach, clock)
    publish(outreach, sequence, mail(body="Nieuw vooraan"), *steps(outreach, sequence))
    assert move(outreach, sequence) == Moved(1, 0)
    go(outreach, clock)
    assert bodies(outreach) == ["Een", "Twee"]
    assert outreach.enrolments()[0].state is EnrolmentState.FINISHED


def test_who_is_moved_stays_in_their_thread(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"), mail(3, "", "Twee"))
    outreach.enrol(outreach.person(), sequence)
    go(outreach, clock)
    _, two = steps(outreach, sequence)
    publish(outreach, sequence, mail(subject="Heel iets anders", body="Nieuw begin"), two)
    move(outreach, sequence)
    go(outreach, clock)
    first, second = (message_from_bytes(one.wire, policy=default) for one in outreach.messages())
    assert bodies(outreach) == ["Een", "Twee"]
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Subject"] == first["Subject"]


def test_who_goes_on_with_the_first_step_of_another_version_stays_in_their_thread_too(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail(body="Een"), hand_work(3), mail(1, "", "Twee"))
    outreach.enrol(outreach.person(), sequence)
    go(outreach, clock)
    _, call, two = steps(outreach, sequence)
    publish(outreach, sequence, call, two)  # what began the thread is gone
    move(outreach, sequence)
    assert outreach.enrolments()[0].position == 1
    publish(outreach, sequence, two)
    move(outreach, sequence)
    go(outreach, clock)
    first, second = (message_from_bytes(one.wire, policy=default) for one in outreach.messages())
    assert (second["In-Reply-To"], second["Subject"]) == (first["Message-ID"], first["Subject"])


def test_a_task_that_is_out_stays_out_in_its_new_words(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(hand_work(), mail(2))
    outreach.enrol(outreach.person(), sequence)
    clock.now = due(outreach)
    outreach.plan()
    call, after = steps(outreach, sequence)
    publish(outreach, sequence, mail(), hand_work(1, "Bel de winkel op", lineage=call.lineage), after)
    assert move(outreach, sequence) == Moved(1, 0)
    with outreach.services.database.transaction() as session:
        task = session.scalars(select(Task)).one()
        assert (task.title, task.done_at) == ("Bel de winkel op", None)
        assert outreach.plan().seen == 0
    with outreach.services.database.transaction() as session:
        assert step_done(session, outreach.enrolments()[0].id, now=clock.now)
    assert outreach.enrolments()[0].position == 3


def test_a_task_whose_step_is_gone_goes_too_and_the_next_step_comes_now(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(hand_work(), mail(2))
    outreach.enrol(outreach.person(), sequence)
    clock.now = due(outreach)
    outreach.plan()
    _, after = steps(outreach, sequence)
    publish(outreach, sequence, after)
    assert move(outreach, sequence) == Moved(1, 0)
    with outreach.services.database.reading() as session:
        assert list(session.scalars(select(Task))) == []
    assert due(outreach).date() == clock.now.date()
    assert outreach.plan().queued == 1


def test_who_has_nothing_left_is_finished(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"), mail(3, "", "Twee"))
    outreach.enrol(outreach.person(), sequence)
    go(outreach, clock)
    one, _ = steps(outreach, sequence)
    publish(outreach, sequence, one)
    move(outreach, sequence)
    clock.now = due(outreach)
    assert outreach.plan().finished == 1
    assert outreach.enrolments()[0].state is EnrolmentState.FINISHED


def test_who_is_paused_is_moved_and_stays_paused(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"))
    outreach.enrol(outreach.person(), sequence)
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(state=EnrolmentState.PAUSED, next_due_at=None))
    newest = publish(outreach, sequence, mail(body="Beter"))
    assert move(outreach, sequence) == Moved(1, 0)
    [one] = outreach.enrolments()
    assert (one.version_id, one.state, one.next_due_at) == (newest, EnrolmentState.PAUSED, None)


def test_who_is_through_is_left_where_they_ended(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(body="Een"))
    outreach.enrol(outreach.person(), sequence)
    go(outreach, clock)
    assert outreach.enrolments()[0].state is EnrolmentState.FINISHED
    publish(outreach, sequence, mail(body="Beter"), mail(3, "", "Nog een"))
    assert move(outreach, sequence) == Moved(0, 0)


def test_a_planner_that_wrote_for_the_old_version_is_too_late(outreach: Outreach, clock: FakeClock) -> None:
    """It judged before the move and writes after it."""

    sequence = outreach.sequence(mail(body="Een"))
    outreach.enrol(outreach.person(), sequence)
    clock.now = due(outreach)
    services = outreach.services
    with services.database.reading() as session:
        found = due_steps(session, until=clock.now, limit=10)
        made = make(session, Desk(services.settings, services.links), found, now=clock.now)
    publish(outreach, sequence, mail(body="Beter"))
    assert move(outreach, sequence) == Moved(1, 0)
    with services.database.transaction() as session:
        assert write(session, made, now=clock.now).queued == 0
    outreach.plan()
    assert bodies(outreach) == ["Beter"]
