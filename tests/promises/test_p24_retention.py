"""P24: whose time is over is forgotten by itself: a year without an answer, two after their last one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.delivery.models import Message
from crm.kernel.addresses import EmailAddress
from crm.privacy import residue
from crm.privacy.models import Erasure, Refusal, RightsRequest
from crm.prospects.models import Company, Prospect
from crm.scheduler.jobs import timetable
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.workflows.refusals import retire_people
from crm.workflows.refusals.erase import Shelves, erase, finish_erasures
from crm.workflows.refusals.refuse import Mailbox
from tests.conftest import NOW, FakeClock
from tests.imports import count
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

A_YEAR = NOW.replace(year=NOW.year + 1)
TWO_YEARS = NOW.replace(year=NOW.year + 2)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(services: Services) -> Outreach:
    return Outreach(services)


def run(services: Services) -> None:
    [job] = [one for one in timetable(1.0) if one.name == "retire_people"]
    job.work(services, lambda: False)


def there(services: Services) -> Sequence[int]:
    with services.database.reading() as session:
        return session.scalars(select(Prospect.id).order_by(Prospect.id)).all()


def change(services: Services, who: int, **values: object) -> None:
    with services.database.transaction() as session:
        session.execute(update(Prospect).where(Prospect.id == who).values(**values))


def test_who_never_answered_is_forgotten_after_a_year(
    services: Services, clock: FakeClock, world: Outreach
) -> None:
    who = world.person()
    clock.now = A_YEAR - SECOND
    run(services)
    assert there(services) == [who]
    clock.now = A_YEAR
    run(services)
    assert [count(services.database, one) for one in (Prospect, Company, Refusal)] == [0, 0, 0]
    with services.database.reading() as session:
        receipt = session.scalars(select(Erasure)).one()
    assert (receipt.channel, receipt.finished_at) == ("retention", A_YEAR)
    assert receipt.counts["prospects"] == 1


def test_who_answered_is_kept_for_two_years_after_it(
    services: Services, clock: FakeClock, world: Outreach
) -> None:
    who = world.person()
    change(services, who, last_reply_at=NOW + timedelta(days=30))
    clock.now = TWO_YEARS
    run(services)
    assert there(services) == [who]
    clock.now = (NOW + timedelta(days=30)).replace(year=TWO_YEARS.year)
    run(services)
    assert there(services) == []


def test_months_that_are_shorter_end_on_their_last_day(
    services: Services, clock: FakeClock, world: Outreach
) -> None:
    clock.now = datetime(2028, 2, 29, 9, 0, tzinfo=UTC)
    world.person()
    clock.now = datetime(2029, 2, 28, 9, 0, tzinfo=UTC)
    run(services)
    assert there(services) == []


def test_storage_only_and_an_open_request_keep_them(
    services: Services, clock: FakeClock, world: Outreach
) -> None:
    restricted, asking, due = world.people(3)
    change(services, restricted, restricted_at=NOW)
    with services.database.transaction() as session:
        session.add(
            RightsRequest(
                prospect_id=asking, kind="access", channel="mail", received_at=NOW, due_at=NOW + SECOND
            )
        )
    clock.now = A_YEAR + timedelta(days=40)
    run(services)
    assert there(services) == [restricted, asking]
    with services.database.transaction() as session:
        session.execute(update(RightsRequest).values(closed_at=clock.now))
    run(services)
    assert there(services) == [restricted]
    assert due not in there(services)


def test_nothing_more_is_sent_and_a_no_on_record_stays(
    services: Services, clock: FakeClock, world: Outreach
) -> None:
    world.enrol(world.person("ann@winkel.example"), world.sequence(mail()))
    clock.now = NOW.replace(hour=12)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    assert world.plan().queued == 1
    world.refuse("ann@winkel.example")
    clock.now = A_YEAR.replace(hour=12)
    run(services)
    assert [count(services.database, one) for one in (Message, Enrolment, Refusal)] == [0, 0, 1]
    assert world.dispatch().claimed == 0


def test_a_newer_spelling_of_the_same_mailbox_keeps_it(
    services: Services, clock: FakeClock, world: Outreach
) -> None:
    first = world.person("ann@winkel.example")
    clock.now = A_YEAR - timedelta(days=2)
    firm = world.prospect(first).company_id
    second = world.person("ann+shop@winkel.example", company_id=firm)
    clock.now = A_YEAR
    run(services)
    assert there(services) == [first, second]
    clock.now = A_YEAR.replace(year=A_YEAR.year + 1)
    run(services)
    assert there(services) == []


def test_what_is_interrupted_is_finished_by_the_scheduler(
    services: Services, clock: FakeClock, world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people(2)
    clock.now = A_YEAR
    monkeypatch.setattr(retire_people, "carry_out", lambda *_, **__: 0)
    run(services)
    assert len(there(services)) == 2
    shelves = Shelves(services.settings.var, services.sent_mail)
    assert finish_erasures(services.refusal_desk(patience=0), shelves, at=clock.now) == 2
    assert there(services) == []


def test_a_large_birthday_is_done_in_parts(services: Services, clock: FakeClock, world: Outreach) -> None:
    world.people(5)
    clock.now = A_YEAR
    desk, shelves = (
        services.refusal_desk(patience=0),
        Shelves(services.settings.var, services.sent_mail),
    )
    parts = [retire_people.retire_people(desk, shelves, months=12, at=clock.now, most=2) for _ in range(4)]
    assert parts == [2, 2, 1, 0]
    assert there(services) == []


def test_who_is_collected_anew_meanwhile_is_not_forgotten_with_it(
    services: Services, clock: FakeClock, world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are gone, what they left in the file is not yet: until then the receipt stays open."""
    world.person("ann@winkel.example")
    clock.now = A_YEAR
    with monkeypatch.context() as busy:
        busy.setattr(residue, "sweep", lambda *_: False)
        run(services)
    assert there(services) == []
    clock.advance(timedelta(minutes=1))
    anew = world.person("ann@winkel.example")
    shelves = Shelves(services.settings.var, services.sent_mail)
    assert finish_erasures(services.refusal_desk(patience=0), shelves, at=clock.now) == 1
    assert there(services) == [anew]


def test_who_is_collected_anew_and_asks_is_forgotten_though_the_old_receipt_is_open(
    services: Services, clock: FakeClock, world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person("ann@winkel.example")
    clock.now = A_YEAR
    with monkeypatch.context() as busy:
        busy.setattr(residue, "sweep", lambda *_: False)
        run(services)
    clock.advance(timedelta(minutes=1))
    world.person("ann@winkel.example")
    shelves = Shelves(services.settings.var, services.sent_mail)
    desk = services.refusal_desk(patience=0)
    digest = desk.ring.digest(EmailAddress.parse("ann@winkel.example"))
    erase(desk, shelves, Mailbox(((digest, desk.ring.version),)), channel="page", at=clock.now)
    assert there(services) == []


def test_many_are_swept_up_after_at_once(
    services: Services, clock: FakeClock, world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.people(4)
    clock.now = A_YEAR
    swept: list[int] = []
    real = residue.sweep

    def sweep(*how: Any) -> bool:
        swept.append(1)
        return real(*how)

    monkeypatch.setattr(residue, "sweep", sweep)
    run(services)
    assert there(services) == []
    assert len(swept) == 1
