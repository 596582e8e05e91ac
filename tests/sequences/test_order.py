"""Two who change several enrolments never wait for each other in a circle."""

import threading
from collections.abc import Callable
from time import monotonic, sleep

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.sequences import approval, enrolments, pauses
from crm.sequences.models import Enrolment, StopReason
from crm.sequences.texts import Words
from crm.services import Services
from tests.conftest import NOW
from tests.outreach import Outreach

pytestmark = pytest.mark.on_postgresql

PEOPLE = 4
WAYS: dict[str, Callable[[Session, list[int]], object]] = {
    "stop": lambda session, ids: enrolments.stop(session, ids, StopReason.REFUSED, at=NOW),
    "finish": lambda session, ids: enrolments.finish(session, ids, at=NOW),
    "pause": lambda session, ids: pauses.pause(session, ids, StopReason.SNOOZED, at=NOW),
    "hold": lambda session, ids: pauses.hold(session, ids, StopReason.SNOOZED, at=NOW),
    "wait_until": lambda session, ids: enrolments.wait_until(session, dict.fromkeys(ids, NOW)),
    "advance": lambda session, ids: enrolments.advance(session, dict.fromkeys(ids, (2, NOW)), at=NOW),
    "approve": lambda session, ids: approval.note(
        session, dict.fromkeys(ids, Words("A", "B")), by=None, at=NOW
    ),
}


@pytest.fixture
def world(services: Services) -> Outreach:
    world = Outreach(services)
    world.enrol(world.people(PEOPLE), world.sequence())
    return world


def _ids(services: Services) -> list[int]:
    with services.database.reading() as session:
        return list(session.scalars(select(Enrolment.id).order_by(Enrolment.id)))


def _free(session: Session, ids: list[int]) -> list[int]:
    query = select(Enrolment.id).where(Enrolment.id.in_(ids)).order_by(Enrolment.id)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


@pytest.mark.parametrize("way", WAYS)
def test_several_are_locked_in_the_order_of_their_numbers(
    services: Services, world: Outreach, way: str
) -> None:
    """Somebody holds the second of three: whoever wants all has the first by then, and not the third."""
    first, second, third, _ = _ids(services)
    with services.database.transaction() as ours:
        # Rows lie on the disk in the order they were last written in: here backwards.
        for one in (third, second, first):
            ours.execute(update(Enrolment).where(Enrolment.id == one).values(changed_at=NOW))

    def change() -> None:
        with services.database.transaction() as theirs:
            WAYS[way](theirs, [third, second, first])

    with services.database.transaction() as holder:
        assert _free(holder, [second]) == [second]
        other = threading.Thread(target=change)
        other.start()
        deadline = monotonic() + 10
        seen = [first, third]
        while first in seen and monotonic() < deadline:
            sleep(0.02)
            with services.database.reading() as looking:
                seen = _free(looking, [first, third])
        assert seen == [third]
    other.join(10)
    assert not other.is_alive()
