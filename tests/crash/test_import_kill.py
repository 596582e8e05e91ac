"""Imports whose worker is killed, whose disk fills up, and that two workers want at once."""

import signal
import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crm.kernel.db import Database
from crm.prospects import imports, uploads
from crm.prospects.import_models import Import, ImportRow, ImportState, RowOutcome
from crm.prospects.models import Company, Prospect, Source, SpellingKey
from crm.prospects.reading.table import open_table
from crm.services import Services
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.import_prospects import DISK, import_prospects, run_imports
from crm.workflows.people.import_run import Progress
from tests.conftest import FakeClock
from tests.crash.forks import Forks
from tests.deep import size
from tests.imports import count, intake_of, received, sheet

ROWS = 2_000
BROKEN, TWICE = ROWS // 50, ROWS // 10
TAKEN = ROWS - BROKEN - TWICE


@pytest.fixture
def intake(services: Services) -> Intake:
    return intake_of(services)


def a_file() -> bytes:
    """Rows of which 1 in 10 repeats a mailbox of far above, and 1 in 50 is broken."""
    lines = []
    for number in range(ROWS):
        repeated = number % 10 == 9
        who = number - (505 if number > 510 else 5) if repeated else number
        address = "" if number % 50 == 3 else f"p{who}@shop{who // 4}.example"
        lines.append(f"{address};Person {who};Shop {who // 4};NL;Buyer")
    return sheet(*lines)


def kill_worker_at(point: str, forks: Forks, services: Services, import_id: int) -> None:
    """Run the import in a process of its own that is killed at this point."""
    told = (str(services.settings.var), services.settings.database_url, str(import_id))
    ended = forks.run("tests.crash.importer", *told, fault=point)
    assert ended.status == -signal.SIGKILL, ended.err


def outcomes(database: Database) -> Counter[RowOutcome]:
    with database.reading() as session:
        return Counter(session.scalars(select(ImportRow.outcome)))


@pytest.mark.both_databases
@pytest.mark.parametrize("turn", range(size(1, 7)))
@pytest.mark.parametrize(
    "point",
    ["import.batch.before_commit=kill@2", "import.batch.after_commit=kill@2", "import.before_finish=kill"],
)
def test_a_killed_import_goes_on_where_it_was(
    forks: Forks, services: Services, intake: Intake, clock: FakeClock, point: str, turn: int
) -> None:
    row = received(intake, a_file())
    kill_worker_at(point, forks, services, row.id)
    clock.advance(timedelta(seconds=61))
    [ended] = run_imports(intake)
    assert ended.state is ImportState.DONE
    assert ended.counts == {"not_allowed": TAKEN, "broken": BROKEN, "duplicate": TWICE}
    assert [count(services.database, one) for one in (Prospect, Source)] == [TAKEN] * 2
    assert outcomes(services.database) == Counter(
        {RowOutcome.NOT_ALLOWED: TAKEN, RowOutcome.BROKEN: BROKEN, RowOutcome.DUPLICATE: TWICE}
    )
    table = open_table(uploads.broken_path(intake.uploads, row.stored_as))
    assert sum(1 for _ in table.rows()) == BROKEN


def test_a_batch_is_whole_or_not_there(forks: Forks, services: Services, intake: Intake) -> None:
    row = received(intake, a_file())
    kill_worker_at("import.batch.before_commit=kill@2", forks, services, row.id)
    with services.database.reading() as session:
        kept = session.get_one(Import, row.id)
        assert kept.position > 0
        assert sum(kept.counts.values()) == kept.position
        people = session.scalar(select(func.count()).select_from(Prospect))
        assert people == kept.counts["not_allowed"]
        companies = session.scalars(select(func.count(Prospect.id)).join(Company).group_by(Company.id))
        assert sum(companies) == people


def test_a_full_disk_keeps_what_was_committed_and_says_so(services: Services, intake: Intake) -> None:
    row = received(intake, a_file())
    database = services.database
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    limit = Database(f"{services.settings.database_url}")
    full = Intake(limit, intake.ring, intake.journal, intake.clocks, intake.controller, intake.uploads)
    with limit.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 330}")
    ended = import_prospects(full, row.id)
    limit.dispose()
    assert ended is not None
    assert (ended.state, ended.fault) == (ImportState.STOPPED, DISK)
    assert 0 < ended.position < ROWS
    assert count(database, Prospect) == ended.counts["not_allowed"]


def test_a_stopped_import_goes_on_when_there_is_room(services: Services, intake: Intake) -> None:
    row = received(intake, a_file())
    with services.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 330}")
    import_prospects(intake, row.id)
    services.database.dispose()
    with services.database.transaction() as session:
        assert imports.resume(session, row.id)
    ended = import_prospects(intake, row.id)
    assert ended is not None
    assert ended.state is ImportState.DONE
    assert sum(ended.counts.values()) == ROWS == ended.position
    assert count(services.database, Prospect) == TAKEN


def test_a_colleague_can_stop_an_import_between_batches(services: Services, intake: Intake) -> None:
    row = received(intake, a_file())

    def stop(_progress: object) -> None:
        with services.database.transaction() as session:
            imports.stop(session, row.id)

    ended = import_prospects(intake, row.id, on_progress=stop)
    assert ended is not None
    assert ended.state is ImportState.STOPPED
    assert count(services.database, Prospect) == ended.counts["not_allowed"]


def test_a_worker_that_slept_too_long_keeps_nothing_more(
    services: Services, intake: Intake, clock: FakeClock
) -> None:
    row = received(intake, a_file())
    others: list[int] = []

    def sleep_over(progress: Progress) -> None:
        """The lease runs out, and somebody else begins; then this worker wakes up."""
        if not others:
            clock.advance(timedelta(seconds=61))
            with services.database.transaction() as session:
                assert imports.claim(session, row.id, claim_id="other", real_now=clock())
            others.append(progress.position)

    ended = import_prospects(intake, row.id, on_progress=sleep_over)
    assert ended is not None
    with services.database.reading() as session:
        kept = session.get_one(Import, row.id)
    assert (kept.position, kept.claim_id, kept.state) == (others[0], "other", ImportState.RUNNING)
    assert count(services.database, Prospect) == kept.counts["not_allowed"]


def test_a_scheduler_that_stops_leaves_the_rest_to_another(services: Services, intake: Intake) -> None:
    row = received(intake, a_file())
    answers = iter([False, True])
    ended = import_prospects(intake, row.id, should_stop=lambda: next(answers))
    assert ended is not None
    assert (ended.state, ended.position > 0) == (ImportState.RUNNING, True)
    [again] = run_imports(intake)
    assert sum(again.counts.values()) == ROWS


@pytest.mark.both_databases
def test_two_imports_at_once_make_nobody_twice(services: Services, intake: Intake) -> None:
    rows = [received(intake, a_file()) for _ in range(2)]
    ended = []

    def run(import_id: int) -> None:
        ended.append(import_prospects(intake, import_id))

    threads = [threading.Thread(target=run, args=(row.id,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both: Counter[str] = Counter()
    for progress in ended:
        assert progress is not None
        both.update(progress.counts)
    assert both == {"not_allowed": TAKEN, "unchanged": TAKEN, "broken": 2 * BROKEN, "duplicate": 2 * TWICE}
    assert [count(services.database, one) for one in (Prospect, Company, Source, SpellingKey)] == [
        TAKEN,
        ROWS // 4,
        TAKEN,
        TAKEN,
    ]
