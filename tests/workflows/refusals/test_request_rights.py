"""Whoever asks about their data is on Today with a last day, until somebody has answered (P36)."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.reasons import Reason
from crm.privacy.models import RightsRequest
from crm.queries.gate.facts import facts_for
from crm.queries.pages import today
from crm.services import Services
from crm.staff.models import Role, Staff
from crm.workflows.desk.do_task import do_task, undo_task
from crm.workflows.refusals.request_rights import request_rights
from tests.conftest import NOW
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
ANNA = "anna@winkel.example"


@pytest.fixture
def anna(services: Services) -> int:
    with services.database.transaction() as session:
        noor = Staff(name="Noor", email="n@o.example", password_hash="x", role=Role.SALES, created_at=NOW)
        session.add(noor)
    return Outreach(services).person(ANNA)


def ask(services: Services, *, kind: str = "access", at: datetime = NOW, address: str = ANNA) -> bool:
    ring = services.settings.keys.addresses
    key = (ring.digest(EmailAddress.parse(address)), ring.version)
    with services.database.transaction() as session:
        return request_rights(session, ring, key, kind=kind, channel="form", at=at)


def waiting(services: Services) -> list[today.Item]:
    with services.database.reading() as session:
        return today.due_tasks(session, staff_id=1, until=datetime(2100, 1, 1, tzinfo=UTC))


def holds(services: Services, anna: int) -> bool:
    with services.database.reading() as session:
        facts = facts_for(session, [anna], MailKind.OUTREACH, NOW, services.settings)[anna]
    return decide(facts, NOW).has(Reason.REQUEST_OPEN)


@pytest.mark.parametrize("kind", ["access", "erasure", "rectification", "restriction", "portability"])
def test_a_request_stands_on_today_with_its_last_day(services: Services, anna: int, kind: str) -> None:
    assert ask(services, kind=kind)
    [item] = waiting(services)
    assert "1 April 2026" in item.what  # thirty days after 2 March


def test_the_same_request_twice_is_one(services: Services, anna: int) -> None:
    assert (ask(services), ask(services)) == (True, False)
    assert len(waiting(services)) == 1


def test_ticking_it_off_answers_it_and_taking_the_tick_back_opens_it(services: Services, anna: int) -> None:
    ask(services)
    assert holds(services, anna)
    [item] = waiting(services)
    with services.database.transaction() as session:
        assert do_task(session, item.id, by=1, at=NOW)
    assert not holds(services, anna)
    with services.database.transaction() as session:
        assert undo_task(session, item.id)
    assert holds(services, anna)
    with services.database.reading() as session:
        assert session.scalars(select(RightsRequest.closed_at)).all() == [None]


def test_who_asks_again_after_an_answer_is_on_today_again(services: Services, anna: int) -> None:
    ask(services)
    with services.database.transaction() as session:
        do_task(session, waiting(services)[0].id, by=1, at=NOW)
    assert ask(services)
    assert len(waiting(services)) == 1


def test_nobody_is_asked_about_somebody_we_do_not_know(services: Services, anna: int) -> None:
    assert not ask(services, address="stranger@elders.example")
    assert waiting(services) == []
