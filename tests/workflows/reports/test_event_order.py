"""Events may come in any order, in any parcels and any number of times: what is left is the same (I20, I21).

Each case is an order of a set of events, shuffled, repeated and in parcels; what it leaves is compared with
what the same set leaves when it is heard all together, from the same start. `SETS` says how many sets,
and how many the deep form tries.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery.event_models import ProviderEvent
from crm.delivery.models import Mailbox, Message
from crm.delivery.ports import Accepted, Outcome
from crm.permission.models import Contact
from crm.privacy.journal import Journal, Line
from crm.privacy.models import Refusal
from crm.prospects.models import Prospect
from crm.sequences.models import Enrolment
from crm.services import Services
from tests.conftest import FakeClock
from tests.deep import size
from tests.servers.events import event
from tests.workflows.reports.reported import DOUBT, Case, handed_over

ORDERS = 4
"""Of each set."""

SETS = {"sqlite": size(40, 1_250), "postgresql": size(10, 100)}
"""Of each of four starts."""

KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "processed"},
    {"kind": "deferred", "response": "421 4.7.0 later"},
    {"kind": "delivered"},
    {"kind": "open"},
    {"kind": "click", "url": "https://x.example"},
    {"kind": "bounce", "type": "bounce", "status": "5.1.1"},
    {"kind": "bounce", "type": "bounce", "status": "4.2.2"},
    {"kind": "bounce", "type": "bounce", "status": "5.2.1"},
    {"kind": "bounce", "type": "blocked", "reason": "550 5.7.1 blocked"},
    {"kind": "bounce"},
    {"kind": "dropped", "reason": "Bounced Address"},
    {"kind": "dropped", "reason": "Invalid"},
    {"kind": "dropped", "reason": "Unsubscribed Address"},
    {"kind": "dropped", "reason": "Recipient List over Package Quota"},
    {"kind": "spamreport"},
    {"kind": "unsubscribe"},
    {"kind": "group_unsubscribe"},
    {"kind": "something_new"},
)
said = st.lists(st.tuples(st.integers(0, len(KINDS) - 1), st.integers(0, 3)), max_size=12)


class Unwritten(Journal):
    """Nothing of a case happens for good, and the disk need not be waited for a thousand times."""

    def append(self, line: Line) -> None:
        """Forget it."""


@pytest.fixture(
    params=[(DOUBT, 2), (DOUBT, 1), (Accepted(None), 2), (Accepted(None), 1)],
    ids=["in doubt", "in doubt, last step", "sent", "sent, last step"],
)
def case(request: pytest.FixtureRequest, services: Services, clock: FakeClock) -> Case:
    answer: Outcome
    answer, steps = request.param
    services = replace(services, journal=Unwritten(services.settings.var / "unwritten"))
    case = handed_over(services, clock, answer=answer, steps=steps)
    clock.advance(timedelta(days=5))
    return case


def left(session: Session) -> dict[str, Any]:
    """Everything anybody could see afterwards; moments left out, they say when we heard."""
    session.expire_all()
    [message] = session.execute(select(Message.state, Message.sent_at.is_not(None))).all()
    [enrolment] = session.execute(select(Enrolment.state, Enrolment.stop_reason, Enrolment.position)).all()
    [person] = session.execute(select(Prospect.address_state, Prospect.status)).all()
    kept = session.execute(select(ProviderEvent.kind, ProviderEvent.code, ProviderEvent.happened_at))
    return {
        "message": tuple(message),
        "enrolment": tuple(enrolment),
        "person": tuple(person),
        "refusals": {(one.scope, one.reason) for one in session.scalars(select(Refusal))},
        "contacts": session.scalar(select(func.count()).select_from(Contact)),
        "tasks": session.scalar(select(func.count()).select_from(Task)),
        "mailboxes": session.scalars(select(Mailbox.pause_reason)).all(),
        "events": sorted(map(tuple, kept)),
    }


def after(case: Case, parcels: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """What is left when these parcels are heard one after the other; then nothing of it happened."""
    with case.services.database.transaction() as session:
        for parcel in parcels:
            case.hear_inside(session, *parcel)
        found = left(session)
        session.rollback()
    return found


def parcels_of(events: Sequence[dict[str, Any]], chance: Random) -> list[list[dict[str, Any]]]:
    """Shuffled, some of them twice, and cut anywhere."""
    many = [one for one in events for _ in range(chance.randint(1, 2))]
    chance.shuffle(many)
    parcels: list[list[dict[str, Any]]] = [[]]
    for one in many:
        if chance.random() < 0.4:
            parcels.append([])
        parcels[-1].append(one)
    return parcels


@pytest.mark.both_databases
def test_any_order_and_any_number_of_times_leave_the_same(case: Case, database_kind: str) -> None:
    name, now = case.name, case.outreach.now

    @settings(max_examples=SETS[database_kind], suppress_health_check=list(HealthCheck), derandomize=True)
    @given(said, st.randoms(use_true_random=False))
    def all_of_them(drawn: list[tuple[int, int]], chance: Random) -> None:
        events = []
        for kind, day in dict.fromkeys(drawn):
            more = dict(KINDS[kind])
            events.append(event(more.pop("kind"), name, at=now - timedelta(days=day), **more))
        together = after(case, [events])
        for _ in range(ORDERS if len(events) > 1 else 1):
            assert after(case, parcels_of(events, chance)) == together

    all_of_them()
