"""Between the look at a claim and the mark on a message: whatever changed there is seen."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm.delivery import mailboxes
from crm.delivery.models import Message
from crm.delivery.models import MessageState as State
from crm.operations import switches
from crm.permission.models import Evidence
from crm.prospects.models import Company, Prospect
from crm.sequences import enrolments, pauses
from crm.sequences.models import Enrolment, StopReason
from crm.services import Services
from crm.workflows.sending.ask_again import FRESH, Look, Moment, ask_again, look_at
from crm.workflows.sending.claim import Batch, claim_batch
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail
from tests.workflows.sending.test_budgets import write as by_hand

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    world = Outreach(services)
    world.enrol([world.person("ann@winkel.example")], world.sequence(mail()))
    clock.now = NOW.replace(hour=12)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    world.plan()
    return world


def looked(outreach: Outreach) -> tuple[Batch, Look]:
    services, now = outreach.services, outreach.now
    batch = claim_batch(services.database, services.settings, now=now, real_now=now)
    with services.database.reading() as session:
        return batch, look_at(session, batch.ids, batch.claim, Moment(now, now), services.settings)


def leaving(outreach: Outreach, batch: Batch, look: Look) -> list[int]:
    services, now = outreach.services, outreach.now
    with services.database.transaction() as session:
        found = ask_again(
            session, batch.ids, batch.claim, now=Moment(now, now), settings=services.settings, look=look
        )
    return [one.message.id for one in found]


def _refuse(outreach: Outreach) -> None:
    outreach.refuse("Ann@Winkel.example")


def _restrict(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        session.execute(update(Prospect).values(restricted_at=outreach.now))


def _answer(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        session.execute(update(Prospect).values(last_reply_at=outreach.now + timedelta(hours=1)))


def _move_abroad(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        session.execute(update(Company).values(country="DE"))


def _stop(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        people = list(session.scalars(update(Prospect).values(version=1).returning(Prospect.id)))
        enrolments.stop_all(session, people, StopReason.BY_STAFF, at=outreach.now)


def _pause(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        pauses.pause(session, [one.id for one in outreach.enrolments()], StopReason.IN_DOUBT, at=outreach.now)


def _switch_off(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        switches.turn(session, switches.PAUSED, on=True, by=None, at=outreach.now)


def _close_mailbox(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        mailboxes.pause(session, mailboxes.open_outlets(session)[0].id, reason="test", at=outreach.now)


def test_what_nothing_changed_about_leaves(outreach: Outreach) -> None:
    batch, look = looked(outreach)
    assert leaving(outreach, batch, look) == list(batch.ids)
    assert outreach.states() == [State.SENDING]


@pytest.mark.parametrize(
    "change",
    [_refuse, _restrict, _answer, _move_abroad, _stop, _pause, _switch_off, _close_mailbox],
    ids=lambda change: change.__name__.strip("_"),
)
def test_what_changed_since_the_look_is_seen(outreach: Outreach, change: Callable[[Outreach], None]) -> None:
    batch, look = looked(outreach)
    assert batch.ids
    change(outreach)
    assert leaving(outreach, batch, look) == []
    assert not {State.CLAIMED, State.SENDING} & set(outreach.states())


@pytest.mark.parametrize(("later", "may"), [(timedelta(0), 1), (FRESH, 0)])
def test_a_look_is_relied_on_for_two_seconds(
    outreach: Outreach, clock: FakeClock, later: timedelta, may: int
) -> None:
    """Evidence is not read again with the mark; an old look is not relied on at all."""
    batch, look = looked(outreach)
    with outreach.services.database.transaction() as session:
        session.execute(update(Evidence).values(withdrawn_at=outreach.now))
    clock.advance(later)
    assert len(leaving(outreach, batch, look)) == may


def test_of_two_at_one_company_only_the_first_is_foreseen(services: Services, clock: FakeClock) -> None:
    world = Outreach(services)
    first = world.person("ann@winkel.example")
    second = world.person("bob@winkel.example", company_id=world.prospect(first).company_id)
    world.enrol([first, second], world.sequence(mail()))
    clock.now = NOW.replace(hour=12)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    world.plan()
    batch, look = looked(world)
    assert (len(batch.ids), len(look.leaving)) == (2, 1)


def test_of_two_mails_to_one_person_in_two_workers_hands_one_leaves(
    services: Services, clock: FakeClock
) -> None:
    """The older one was claimed after the other worker had looked at the newer one."""
    world = Outreach(services)
    who = world.person()
    for _ in range(2):
        by_hand(world, who)
    older, newer = (one.id for one in world.messages())
    with services.database.transaction() as session:
        later = clock.now + timedelta(seconds=1)
        session.execute(update(Message).where(Message.id == older).values(due_at=later))
    theirs = looked(world)
    clock.advance(timedelta(seconds=1))
    ours = looked(world)
    assert (theirs[0].ids, ours[0].ids) == ((newer,), (older,))
    assert [leaving(world, *ours), leaving(world, *theirs)] == [[older], []]
    assert world.states() == [State.SENDING, State.DUE]
