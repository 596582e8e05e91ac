"""One worker's way through one import: read, sort, commit, and follow the machine's pace."""

import logging
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import IntegrityError, OperationalError

from crm.kernel.clock import monotonic
from crm.kernel.faults import point
from crm.prospects import imports, uploads
from crm.prospects.ahead import read_all
from crm.prospects.candidates import Broken, Candidate
from crm.prospects.choices import Choices
from crm.prospects.import_models import Import, ImportState
from crm.prospects.import_pace import Marks
from crm.prospects.reading.broken_rows import BrokenRows
from crm.prospects.reading.table import Row, Table, open_table
from crm.prospects.store import ChangedMeanwhileError
from crm.queries.gate.import_gate import ImportGate
from crm.queries.imports.sorting import Batch, Sorter
from crm.workflows.people.import_batch import Intake, Origin, take_turns, write_batch

log = logging.getLogger(__name__)

SMALLEST: Final = 250
LARGEST: Final = 5_000
FIRST: Final = 1_000
"""Rows in a batch. They follow the machine: so many that nobody else waits long for the write lock."""

HOLD: Final = 0.12
"""Seconds a batch should hold the write lock; 0.2 is what others may notice."""

_MOST_REFUSALS: Final = 25  # in a batch: each is flushed to the journal while the lock is held
_TRIES: Final = 3
_RENEWED: Final = 50_000  # rows read again between two renewals of the lease


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. The counts by outcome add up to the position."""

    state: ImportState
    position: int
    total: int | None
    counts: Mapping[str, int]
    fault: str = ""
    slowest: float = 0.0
    """Seconds the write lock was held at most."""


class _TakenAwayError(Exception):
    """The import was stopped by a colleague, or its lease ran out: the batch at hand is not kept."""


class ImportRun:
    """One worker's hold on one import."""

    def __init__(self, intake: Intake, row: Import, claim_id: str) -> None:
        self._intake = intake
        self._row = row
        self._claim_id = claim_id
        self._counts: Counter[str] = Counter(row.counts)
        self._position = row.position
        self._broken: BrokenRows | None = None
        self._slowest = 0.0
        self._total = row.total
        self._marks = Marks()

    def go(self, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Progress:
        now = self._intake.clocks.calendar()
        choices = Choices.from_json(self._row.mapping).on(now.date())
        path = uploads.path_of(self._intake.uploads, self._row.stored_as)
        table = open_table(path)
        if self._total is None and not self._count(table):
            return self._progress(ImportState.STOPPED)
        with self._intake.database.reading() as session:
            gate = ImportGate.load(session, self._intake.controller, now=now)
        sorter = Sorter(choices, gate)
        with closing(self._batches(path, choices, sorter, table)) as batches:
            for rows in batches:
                if should_stop():
                    return self.leave(ImportState.RUNNING)
                if not self._take(rows, table, choices, sorter):
                    return self._progress(ImportState.STOPPED)
                on_progress(self._progress(ImportState.RUNNING))
        return self._finish()

    def _count(self, table: Table) -> bool:
        """Read a large file to its end once, before the first row is taken; False when it is not ours."""
        total = 0
        for row in table.rows():
            total = row.number
            if total % _RENEWED == 0:
                self._renew()
        with self._intake.database.transaction() as session:
            real_now = self._intake.clocks.real()
            is_ours = imports.counted(
                session, self._row.id, claim_id=self._claim_id, total=total, real_now=real_now
            )
        self._total = total
        return is_ours

    def _batches(
        self, path: Path, choices: Choices, sorter: Sorter, table: Table
    ) -> Generator[list[Candidate | Broken], None, None]:
        """The rows not done yet.

        Those done are read again: later rows may repeat their mailboxes, and the file of broken rows is
        written from its start, because what a crash left of it is anybody's guess.
        """
        self._size = FIRST
        batch: list[Candidate | Broken] = []
        refusals = 0
        for found in read_all(path, choices, self._intake.ring, rows=self._total):
            if found.number <= self._position:
                if isinstance(found, Candidate):
                    sorter.remember(found)
                else:
                    self._keep_broken(table, found)
                if found.number % _RENEWED == 0:
                    self._renew()
                continue
            batch.append(found)
            refusals += isinstance(found, Candidate) and found.row.opted_out
            if len(batch) >= self._size or refusals >= _MOST_REFUSALS:
                yield batch
                batch, refusals = [], 0
        if batch:
            yield batch

    def _renew(self) -> None:
        """Reading what is done takes a while in a large file; nobody else need begin it meanwhile."""
        with self._intake.database.transaction() as session:
            imports.renew(session, self._row.id, claim_id=self._claim_id, real_now=self._intake.clocks.real())

    def _take(self, rows: list[Candidate | Broken], table: Table, choices: Choices, sorter: Sorter) -> bool:
        """Commit one batch; False when the import is no longer ours."""
        try:
            batch = self._commit_in_time(rows, choices, sorter)
        except _TakenAwayError:
            return False
        point("import.batch.after_commit")
        sorter.settle(batch)
        for row in batch.broken:
            self._keep_broken(table, row)
        self._position = rows[-1].number
        return True

    def _commit_in_time(self, rows: list[Candidate | Broken], choices: Choices, sorter: Sorter) -> Batch:
        """Somebody may add or change one of these rows after we read them: then they are read again."""
        for _ in range(_TRIES - 1):
            with suppress(IntegrityError, ChangedMeanwhileError):
                return self._commit(rows, choices, sorter)
        return self._commit(rows, choices, sorter)

    def _commit(self, rows: list[Candidate | Broken], choices: Choices, sorter: Sorter) -> Batch:
        intake, now = self._intake, self._intake.clocks.calendar()
        with intake.database.transaction() as session:
            take_turns(session)
            begun = monotonic()
            batch = sorter.sort(session, rows)
            point("import.batch.read")
            origin = Origin(self._row.id, self._row.started_by)
            write_batch(session, intake, choices, batch, origin, now=now)
            imports.keep_lines(session, self._row.id, batch.lines)
            counts = self._counts + Counter(one.outcome.value for one in batch.lines)
            real_now = intake.clocks.real()
            if not imports.advance(
                session, self._row.id, claim_id=self._claim_id, position=rows[-1].number, counts=counts,
                real_now=real_now, mark=self._marks.oldest(real_now, rows[-1].number),
            ):  # fmt: skip
                raise _TakenAwayError
            point("import.batch.before_commit")
        self._counts = counts
        self._follow_machine(len(rows), monotonic() - begun)
        return batch

    def _follow_machine(self, rows: int, took: float) -> None:
        self._slowest = max(self._slowest, took)
        wanted = int(rows * HOLD / max(took, 0.001))
        self._size = max(SMALLEST, min(LARGEST, wanted, self._size * 2))

    def _keep_broken(self, table: Table, row: Broken) -> None:
        """Write a broken row where it can be fetched, mended and imported again."""
        if self._broken is None:
            path = uploads.broken_path(self._intake.uploads, self._row.stored_as)
            self._broken = BrokenRows(path, table.headers, separator=table.separator)
        self._broken.add(Row(row.number, row.line, row.values), row.fault)

    def close(self) -> None:
        """Write out what is left of the broken rows."""
        if self._broken is not None:
            self._broken.close()
            self._broken = None

    def _finish(self) -> Progress:
        point("import.before_finish")
        if self._broken is not None:
            log.info("broken rows are kept", extra={"bytes": self._broken.offset})  # on the disk by now
        with self._intake.database.transaction() as session:
            is_done = imports.leave(
                session, self._row.id, claim_id=self._claim_id, state=ImportState.DONE,
                at=self._intake.clocks.calendar(),
            )  # fmt: skip
        if not is_done:
            return self._progress(ImportState.STOPPED)
        uploads.forget(self._intake.uploads, self._row.stored_as, broken_rows=False)
        log.info("import done", extra={"import": self._row.id, **self._counts})
        return self._progress(ImportState.DONE)

    def leave(self, state: ImportState, fault: str = "") -> Progress:
        """Let go before the end. On a full disk even the reason may not fit; then it is left out.

        When nothing can be written at all, the lease ends and another worker takes it up.
        """
        for words in dict.fromkeys((fault, "")):
            try:
                with self._intake.database.transaction() as session:
                    imports.leave(session, self._row.id, claim_id=self._claim_id, state=state, fault=words)
                break
            except OperationalError:
                log.exception("an import could not be let go")
        return self._progress(state, fault)

    def _progress(self, state: ImportState, fault: str = "") -> Progress:
        return Progress(state, self._position, self._total, dict(self._counts), fault, self._slowest)
