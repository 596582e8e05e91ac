"""The batch writer loses nothing on an orderly stop, and blocks nobody (D19)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from crm.tracking.writer import BatchWriter

WAIT = 10.0  # seconds until a test gives up


@dataclass
class Disk:
    """Keeps rows; can be full, slow, or fussy about one of them."""

    kept: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    full: bool = False
    hates: int | None = None
    because: str = "23503"
    """Of whatever it hates."""

    arrived: threading.Event = field(default_factory=threading.Event)
    tried: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event | None = None

    def write(self, rows: Sequence[int]) -> None:
        self.tried.set()
        if self.gate is not None:
            self.gate.wait(WAIT)
        if self.full:
            raise OperationalError("insert", {}, Exception("database or disk is full"))
        if self.hates in rows:
            raise DBAPIError.instance("insert", None, psycopg.errors.lookup(self.because)(), psycopg.Error)
        self.kept += rows
        self.batches.append(len(rows))
        self.arrived.set()


def test_rows_are_written_without_asking() -> None:
    disk = Disk()
    writer = BatchWriter(disk.write, interval=0.01)
    writer.add(1)
    assert disk.arrived.wait(WAIT)
    assert disk.kept == [1]
    writer.close()


def test_a_full_batch_does_not_wait_for_the_interval() -> None:
    disk = Disk()
    writer = BatchWriter(disk.write, interval=3_600, batch=3)
    for row in range(3):
        writer.add(row)
    assert disk.arrived.wait(WAIT)
    writer.close()


def test_closing_writes_what_is_left() -> None:
    disk = Disk()
    writer = BatchWriter(disk.write, interval=3_600)
    for row in range(100):
        writer.add(row)
    writer.close()
    assert disk.kept == list(range(100))


def test_closing_waits_for_the_batch_in_the_threads_hands() -> None:
    disk = Disk(gate=threading.Event())
    writer = BatchWriter(disk.write, interval=0.001)
    writer.add(1)
    assert disk.tried.wait(WAIT)
    assert disk.gate
    threading.Timer(0.05, disk.gate.set).start()
    writer.add(2)
    writer.close()
    assert disk.kept == [1, 2]


def test_closing_twice_is_the_same_as_once() -> None:
    disk = Disk()
    writer = BatchWriter(disk.write, interval=3_600)
    writer.add(1)
    writer.close()
    writer.close()
    assert disk.kept == [1]


def test_no_transaction_is_larger_than_a_batch() -> None:
    disk = Disk()
    writer = BatchWriter(disk.write, interval=3_600, batch=10)
    for row in range(95):
        writer.add(row)
    writer.close()
    assert max(disk.batches) <= 10
    assert sum(disk.batches) == 95


def test_rows_wait_while_the_disk_is_full() -> None:
    disk = Disk(full=True)
    writer = BatchWriter(disk.write, interval=0.001)
    for row in range(5):
        writer.add(row)
    assert disk.tried.wait(WAIT)
    disk.full = False
    assert disk.arrived.wait(WAIT)
    writer.close()
    assert disk.kept == list(range(5))


def test_a_full_list_drops_instead_of_blocking() -> None:
    disk = Disk(full=True)
    writer = BatchWriter(disk.write, interval=3_600, bound=3)
    assert [writer.add(row) for row in range(5)] == [True, True, True, False, False]
    assert writer.dropped == 2
    disk.full = False
    writer.close()
    assert disk.kept == [0, 1, 2]


@pytest.mark.parametrize("because", ["23503", "22001", "54000"])
def test_one_row_that_is_never_taken_does_not_hold_up_the_others(because: str) -> None:
    disk = Disk(hates=2, because=because)
    writer = BatchWriter(disk.write, interval=3_600)
    for row in range(5):
        writer.add(row)
    writer.close()
    assert disk.kept == [0, 1, 3, 4]
    assert writer.dropped == 1


@pytest.mark.parametrize(
    "fault", [OperationalError("insert", {}, Exception("gone")), OSError("no such file")]
)
def test_a_database_that_goes_away_in_the_middle_of_that_loses_nobody_elses_row(fault: Exception) -> None:
    disk = Disk(hates=1)
    is_away = iter(
        [False, False, False, True]
    )  # the batch, the rows up to the spoilt one; gone with the next

    def write(rows: Sequence[int]) -> None:
        if next(is_away, False):
            raise fault
        disk.write(rows)

    writer = BatchWriter(write, interval=3_600)
    for row in range(5):
        writer.add(row)
    writer.close()
    assert disk.kept == [0, 2, 3, 4]
    assert writer.dropped == 1


def test_many_threads_hand_over_and_nothing_is_lost_or_doubled() -> None:
    disk = Disk()
    writer = BatchWriter(disk.write, interval=0.001, batch=7)

    def hand_over(start: int) -> None:
        for row in range(start, start + 500):
            writer.add(row)

    threads = [threading.Thread(target=hand_over, args=(start,)) for start in range(0, 4_000, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    writer.close()
    assert sorted(disk.kept) == list(range(4_000))


@pytest.mark.parametrize("rows", [0, 1])
def test_a_writer_that_was_hardly_used_closes(rows: int) -> None:
    disk = Disk()
    writer = BatchWriter(disk.write)
    for row in range(rows):
        writer.add(row)
    writer.close()
    assert len(disk.kept) == rows
