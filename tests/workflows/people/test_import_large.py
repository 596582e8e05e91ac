"""A large file: the press of a button reads nothing of it, and the page says how long the rest takes."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm.prospects import imports
from crm.prospects.import_models import Import, ImportState
from crm.prospects.import_pace import Marks, left_in_words
from crm.prospects.imports import LEASE
from crm.prospects.reading import table
from crm.services import Services
from crm.workflows.people import receive_import as receiving
from crm.workflows.people.import_prospects import import_prospects
from crm.workflows.people.import_run import ImportRun, Progress
from crm.workflows.people.receive_import import ChoicesError, receive_import, start_import
from tests.conftest import NOW, FakeClock
from tests.imports import choices_for, count, received, sheet
from tests.web.staff.conftest import Browser, admin, app

__all__ = ["admin", "app"]

SECOND = timedelta(seconds=1)
FILE = sheet(*(f"info@winkel{number}.example;Ann;Winkel {number};NL;Inkoper" for number in range(40)))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is longer than a line counts as large."""
    monkeypatch.setattr(table, "SMALL_TEXT", 100)
    monkeypatch.setattr(table, "SMALL_WORKBOOK", 100)


def row_of(services: Services, import_id: int) -> Import:
    with services.database.reading() as session:
        return session.get_one(Import, import_id)


@pytest.mark.usefixtures("large")
@pytest.mark.both_databases
def test_starting_opens_nothing_and_the_worker_counts(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as closed:
        row, found = receive_import(services.intake, _stream(FILE), file_name="x.csv", by=None)
        closed.setattr(receiving, "open_table", None)
        started = start_import(services.intake, row.public_id, choices_for(found.headers))
    assert (started.state, started.total) == (ImportState.RUNNING, None)
    seen: list[Progress] = []
    import_prospects(services.intake, row.id, on_progress=seen.append)
    assert (seen[0].total, seen[-1].state, seen[-1].position) == (40, ImportState.DONE, 40)
    assert row_of(services, row.id).total == 40


@pytest.mark.usefixtures("large")
def test_a_fault_further_down_is_still_told_before_the_first_row_is_taken(services: Services) -> None:
    broken = FILE + b"info@caf\xe9.example;Ann;Caf\xe9 \xc3\xa9;NL;x\r\n" + b'"never closed;' + b"x" * 200_000
    row = received(services.intake, broken)
    ended = import_prospects(services.intake, row.id)
    assert ended is not None
    assert (ended.state, ended.position) == (ImportState.FAILED, 0)
    assert count(services.database, Import) == 1


def test_a_small_one_is_counted_at_once(services: Services) -> None:
    assert received(services.intake, FILE).total == 40


@pytest.mark.usefixtures("large")
def test_columns_of_another_file_are_refused_without_opening_it(services: Services) -> None:
    row, _ = receive_import(services.intake, _stream(FILE), file_name="x.csv", by=None)
    with pytest.raises(ChoicesError, match="another file"):
        start_import(services.intake, row.public_id, choices_for(("Email", "Other")))


@pytest.mark.usefixtures("large")
def test_one_that_was_stopped_while_it_was_counted_takes_no_row(services: Services) -> None:
    row = received(services.intake, FILE)
    with services.database.transaction() as session:
        claimed = imports.claim(session, row.id, claim_id="mine", real_now=NOW)
        assert claimed is not None
        imports.stop(session, row.id)
    run = ImportRun(services.intake, claimed, "mine")
    assert run.go(lambda _: None, lambda: False).state is ImportState.STOPPED
    assert row_of(services, row.id).position == 0


@pytest.mark.both_databases
def test_the_rest_is_told_from_the_last_minute(services: Services, clock: FakeClock, admin: Browser) -> None:
    row = received(services.intake, FILE)
    page = f"/imports/{row.public_id}"
    assert "left" not in _status(admin, page)
    with services.database.transaction() as session:
        session.execute(update(Import).values(total=100_000))
        imports.claim(session, row.id, claim_id="mine", real_now=clock.now)
    marks, said = Marks(), []
    for rows in (100, 200, 2_200, 4_200, 6_200, 7_200):
        clock.advance(20 * SECOND)
        with services.database.transaction() as session:
            mark = marks.oldest(clock.now, rows)
            imports.advance(
                session, row.id, claim_id="mine", position=rows, counts={}, real_now=clock.now, mark=mark
            )
        said.append(left_in_words(row_of(services, row.id), real_now=clock.now))
    # 100 rows in 20 s; then a minute's worth, in which the slow start is forgotten
    assert said == [
        "",
        "about 333 minutes left",
        "about 32 minutes left",
        "about 24 minutes left",
        "about 16 minutes left",
        "about 19 minutes left",
    ]
    assert "about 19 minutes left" in _status(admin, page)
    clock.advance(31 * SECOND)
    assert "left" not in _status(admin, page)


def test_nothing_is_said_before_five_seconds_or_by_a_worker_that_begins_again(
    services: Services, clock: FakeClock
) -> None:
    row = received(services.intake, FILE)
    with services.database.transaction() as session:
        imports.claim(session, row.id, claim_id="mine", real_now=clock.now)
        for at, rows in ((0, 10), (4, 20)):
            now = clock.now + at * SECOND
            mark = (clock.now, 10)
            imports.advance(
                session, row.id, claim_id="mine", position=rows, counts={}, real_now=now, mark=mark
            )
    assert left_in_words(row_of(services, row.id), real_now=clock.now + 4 * SECOND) == ""
    with services.database.transaction() as session:
        later = clock.now + 4 * SECOND + LEASE + SECOND
        assert imports.claim(session, row.id, claim_id="other", real_now=later)
    assert left_in_words(row_of(services, row.id), real_now=later) == ""


def _status(browser: Browser, page: str) -> str:
    return browser.get(page).text.partition('role="status">')[2].partition("</p>")[0]


def _stream(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)
