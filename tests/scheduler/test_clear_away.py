"""What is kept for days is gone after days, by itself (docs/data.md)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.operations import limits
from crm.operations.models import RateLimit
from crm.prospects.import_models import Import, ImportRow
from crm.scheduler.jobs import timetable
from crm.services import Services
from crm.staff import accounts, sessions
from crm.staff.models import Invitation, Role, Staff, StaffSession
from tests.conftest import NOW, FakeClock
from tests.imports import brought, count, sheet

pytestmark = pytest.mark.both_databases


def clear_away(services: Services) -> None:
    [job] = [one for one in timetable(1.0) if one.name == "clear_away"]
    job.work(services, lambda: False)


def test_reasons_of_rows_go_and_the_import_with_its_counts_stays(
    services: Services, clock: FakeClock
) -> None:
    brought(services.intake, sheet(*["not an address;;;;"] * 3))
    clear_away(services)
    assert count(services.database, ImportRow) == 3
    clock.advance(timedelta(days=91))
    clear_away(services)
    assert count(services.database, ImportRow) == 0
    with services.database.reading() as session:
        assert session.scalars(select(Import.counts)).one() == {"broken": 3}


def test_sessions_links_and_limits_go_when_they_are_over(services: Services, clock: FakeClock) -> None:
    with services.database.transaction() as session:
        noor = Staff(name="Noor", email="n@o.example", password_hash="x", role=Role.SALES, created_at=NOW)
        session.add(noor)
        session.flush()
        sessions.start(session, noor, at=NOW)
        accounts.invite(session, Role.SALES, by=None, at=NOW)
        limits.allow(session, "login:x", limit=1, window=timedelta(hours=1), at=NOW)
    clock.advance(timedelta(hours=7))
    clear_away(services)
    kept = (StaffSession, Invitation, RateLimit)
    assert [count(services.database, one) for one in kept] == [1, 1, 1]
    clock.advance(timedelta(days=30))
    clear_away(services)
    assert [count(services.database, one) for one in kept] == [0, 0, 0]
