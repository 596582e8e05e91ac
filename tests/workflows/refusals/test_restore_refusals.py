"""A restore takes no no back."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crm.kernel.addresses import EmailAddress
from crm.kernel.db import Database
from crm.privacy import register
from crm.privacy.models import Erasure, Refusal, RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.services import Services
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from crm.workflows.refusals.restore_refusals import Restored, restore_refusals
from tests.conftest import NOW
from tests.promises.canaries import plant, spellings

ANN = EmailAddress.parse("ann@example.com")


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(
        services.database,
        services.settings.keys.addresses,
        services.journal,
        services.clocks.real,
        patience=0,
    )


def refused(desk: Desk, address: EmailAddress, reason: RefusalReason = RefusalReason.OBJECTION) -> str:
    wish = Wish(scope=RefusalScope.ADDRESS, reason=reason, channel="page", at=NOW)
    return refuse(desk, Mailbox(register.keys_of(desk.ring, address)), wish).reference


def empty_again(services: Services, empty_file: Path, tmp_path: Path) -> Database:
    """The database as an old backup has it; journal and keys are those of today."""
    return Database(f"sqlite:///{shutil.copy(empty_file, tmp_path / 'restored.db')}")


def restored(services: Services, database: Database) -> Restored:
    return restore_refusals(database, services.settings.keys.addresses, services.journal, at=NOW)


def test_what_was_refused_since_the_backup_holds_again(
    services: Services, desk: Desk, empty_file: Path, tmp_path: Path
) -> None:
    reference = refused(desk, ANN)
    database = empty_again(services, empty_file, tmp_path)
    assert restored(services, database) == Restored(refusals=1, erasures=0, unreadable=0)
    with database.reading() as session:
        held = register.standing(session, desk.ring.digests(EmailAddress.parse("ANN+shop@Example.com")))
    assert [(one.reference, one.reason) for one in held] == [(reference, RefusalReason.OBJECTION)]
    database.dispose()


@pytest.mark.parametrize("scope", [one for one in RefusalScope if one is not RefusalScope.DOMAIN])
def test_every_kind_of_no_comes_back_as_it_was(
    services: Services, desk: Desk, empty_file: Path, tmp_path: Path, scope: RefusalScope
) -> None:
    wish = Wish(
        scope=scope,
        reason=RefusalReason.OBJECTION,
        channel="page",
        at=NOW,
        scope_id=7 if scope is RefusalScope.SEQUENCE else None,
        until=NOW + timedelta(days=90) if scope is RefusalScope.SNOOZE else None,
    )
    refuse(desk, Mailbox(register.keys_of(desk.ring, ANN)), wish)
    database = empty_again(services, empty_file, tmp_path)
    restored(services, database)
    with database.reading() as session:
        [kept] = register.standing(session, desk.ring.digests(ANN))
    assert (kept.scope, kept.scope_id, kept.until) == (scope, wish.scope_id, wish.until)
    database.dispose()


def test_replaying_twice_is_the_same_as_once(
    services: Services, desk: Desk, empty_file: Path, tmp_path: Path
) -> None:
    refused(desk, ANN)
    database = empty_again(services, empty_file, tmp_path)
    restored(services, database)
    assert restored(services, database) == Restored(0, 0, 0)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Refusal)) == 1
    database.dispose()


def test_nothing_is_added_to_a_register_that_is_whole(services: Services, desk: Desk) -> None:
    refused(desk, ANN)
    assert restored(services, services.database) == Restored(0, 0, 0)


def test_somebody_forgotten_since_the_backup_is_forgotten_again(services: Services, desk: Desk) -> None:
    with services.database.transaction() as session:
        someone = plant(session, desk.ring, name="anna")
        spellings(session, desk.ring, someone)
    keys = register.keys_of(desk.ring, someone.address)
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.ERASURE, channel="page", at=NOW)
    with services.database.transaction() as session:
        recorded = register.record(session, keys, wish)
        services.journal.append(register.line(recorded, keys, wish))
        session.rollback()  # the row is gone, as after a restore; the line stays
    assert restored(services, services.database).erasures == 1
    with services.database.reading() as session:
        assert session.scalars(select(Erasure.finished_at)).all() == [None]


def test_a_damaged_line_is_counted_and_the_rest_is_applied(
    services: Services, desk: Desk, empty_file: Path, tmp_path: Path
) -> None:
    refused(desk, ANN)
    journal = services.settings.var / "refusals.journal"
    damaged = journal.read_text().replace('"address"', '"nobody"').replace('"reference":"', '"reference":"x')
    journal.write_text(damaged + journal.read_text() + '{"reference": "cut')
    database = empty_again(services, empty_file, tmp_path)
    assert restored(services, database) == Restored(refusals=1, erasures=0, unreadable=1)
    database.dispose()
