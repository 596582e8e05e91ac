"""Many enrolments are changed in blocks: in the order of their numbers, whatever order they are found in."""

import threading
from collections.abc import Callable
from time import monotonic, sleep

import pytest
from sqlalchemy import select, update

from crm.delivery.models import Message
from crm.sequences import order
from crm.sequences.models import Enrolment, StepVariant
from crm.sequences.texts import Words
from crm.services import Services
from crm.workflows.series.retire_sequence import archive_sequence
from crm.workflows.series.switch_variant import switch_variant
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail
from tests.postgres import SESSIONS_WAITING

pytestmark = pytest.mark.on_postgresql

FREE = select(Enrolment.id).with_for_update(skip_locked=True, key_share=True)


@pytest.fixture
def outreach(services: Services, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Outreach:
    """People whose first mail waits in one text of two; the first of them comes last in the tables."""
    monkeypatch.setattr(order, "BLOCK", 1)
    outreach = Outreach(services)
    sequence = outreach.sequence(mail(others=(Words("Andere foto's", "Dag, wij maken foto's."),)))
    found = outreach.enrol(outreach.people(12), sequence)
    clock.now = max(one.due_at for one in found if one.due_at)
    outreach.plan()
    first = min(waiting(outreach))
    with services.database.transaction() as session:
        session.execute(update(Message).where(Message.enrolment_id == first).values(changed_at=outreach.now))
        # A column of an index: the row is written anew for every index, and found last by each.
        session.execute(update(Enrolment).where(Enrolment.id == first).values(next_due_at=outreach.now))
    return outreach


def waiting(outreach: Outreach) -> list[int]:
    """Enrolments whose mail is in the first of the two texts."""
    [text, _] = texts(outreach)
    return [one.enrolment_id for one in outreach.messages() if one.variant_id == text and one.enrolment_id]


def texts(outreach: Outreach) -> list[int]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(StepVariant.id).order_by(StepVariant.id)))


def archive(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        archive_sequence(session, 1, stop_people=True, by=None, at=outreach.now)


def switch_off(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        switch_variant(session, 1, texts(outreach)[0], on=False, by=None, at=outreach.now)


@pytest.mark.parametrize("way", [archive, switch_off], ids=lambda way: way.__name__)
def test_who_waits_for_the_first_holds_none_that_comes_after(
    outreach: Outreach, way: Callable[[Outreach], None]
) -> None:
    database = outreach.services.database
    first, *others = sorted(waiting(outreach))
    assert others
    with database.transaction() as session:
        order.lock(session, [first])
        worker = threading.Thread(target=way, args=(outreach,))
        worker.start()
        deadline = monotonic() + 10
        while True:
            with database.reading() as looking:  # one transaction is shown the same activity for ever
                if looking.scalar(SESSIONS_WAITING):
                    break
            assert monotonic() < deadline
            sleep(0.01)
        with database.reading() as looking:
            assert set(others) <= set(looking.scalars(FREE))
    worker.join(10)
    assert not worker.is_alive()
