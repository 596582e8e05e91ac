"""Reading in a process of its own is reading."""

import io
import os
import queue
import signal
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crm.kernel.digests import AddressKeys
from crm.prospects import ahead
from crm.prospects.ahead import ReadingEndedError, read_all
from crm.prospects.candidates import Broken, Candidate
from crm.prospects.choices import Choices
from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.table import open_table
from crm.prospects.reading.vocabulary import DeclaredBasis
from tests.imports import DEFAULTS, choices_for, sheet

RING = AddressKeys({1: b"1" * 32, 2: b"2" * 32})
LINES = (
    "ann+shop@schoenen.example;Ann Smit;Schoenen B.V.;NL;Inkoper",
    "Max.Müller@Bücher.example;Max;Bücher GmbH;DE;",
    "not an address;;;Atlantis;",
    ";;;;",
    "info@gmail.com;;Bakker;;",
    "=1+1@x.example;;;;;;too many",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rows.csv"
    file.write_bytes(sheet(*LINES * 300))
    return file


@pytest.fixture
def choices(path: Path) -> Choices:
    defaults = replace(DEFAULTS, basis=DeclaredBasis.CUSTOMER)
    return choices_for(open_table(path).headers, defaults, channel="form").on(date(2026, 3, 2))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is worth a process."""
    monkeypatch.setattr(ahead, "WORTH_IT", 1)
    monkeypatch.setattr(ahead, "HEAD", 100)


def test_the_other_process_reads_the_same_rows(path: Path, choices: Choices, eager: None) -> None:
    here = list(ahead._read(path, choices, RING))  # noqa: SLF001 - the two ways are compared
    assert list(read_all(path, choices, RING, rows=len(here))) == here
    assert {type(one) for one in here} == {Candidate, Broken}


def test_a_small_file_is_read_here(path: Path, choices: Choices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(list(read_all(path, choices, RING, rows=1_500))) == 1_500


def test_a_fault_of_the_file_comes_through(path: Path, choices: Choices, eager: None) -> None:
    path.write_bytes(path.read_bytes() + b'x@y.example;"open;;;\r\n')
    with pytest.raises(FileFault) as told:
        list(read_all(path, choices, RING, rows=1_500))
    assert (told.value.code, told.value.line) == (FileFaultCode.OPEN_QUOTE, 1_802)


def test_a_reader_that_is_killed_is_no_end_of_the_file(
    path: Path, choices: Choices, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(sheet(*LINES * 20_000))
    begun: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def watched(*arguments: object, **named: object) -> subprocess.Popen[bytes]:
        begun.append(popen(*arguments, **named))  # type: ignore[call-overload] # as it was called
        return begun[0]

    monkeypatch.setattr(subprocess, "Popen", watched)
    rows = read_all(path, choices, RING, rows=100_000)
    for _ in range(200):
        next(rows)
    os.kill(begun[0].pid, signal.SIGKILL)
    with pytest.raises(ReadingEndedError):
        list(rows)


@pytest.mark.parametrize("left_out", [1, 2, 3, 5, 40])
def test_a_parcel_that_is_cut_is_no_end_of_the_file_either(
    path: Path, choices: Choices, left_out: int
) -> None:
    """Wherever a kill meets it: within the rows, within the length of the next, or between two."""
    stream, parcels = io.BytesIO(), queue.Queue[bytes]()
    ahead._send(stream, iter(list(ahead._read(path, choices, RING))[:3]))  # noqa: SLF001 - both ends
    ahead._fetch(io.BytesIO(stream.getvalue()[:-left_out]), parcels)  # noqa: SLF001
    *whole, last = parcels.queue
    assert [len(list(ahead._opened(one, RING))) for one in whole] == ([] if left_out == 40 else [3])  # noqa: SLF001
    with pytest.raises(ReadingEndedError):
        ahead._opened(last, RING)  # noqa: SLF001


def test_a_reader_ends_when_nobody_wants_more(path: Path, choices: Choices, eager: None) -> None:
    path.write_bytes(sheet(*LINES * 20_000))
    rows = read_all(path, choices, RING, rows=100_000)
    next(rows)
    rows.close()  # type: ignore[attr-defined] # a generator


def test_keys_do_not_stand_on_the_command_line(
    path: Path, choices: Choices, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    popen = subprocess.Popen

    def watched(*arguments: object, **named: object) -> subprocess.Popen[bytes]:
        seen.extend([arguments, named.get("env")])
        return popen(*arguments, **named)  # type: ignore[call-overload,no-any-return] # as it was called

    monkeypatch.setattr(subprocess, "Popen", watched)
    list(read_all(path, choices, RING, rows=1_500))
    assert seen
    assert (b"1" * 32).hex() not in str(seen)
