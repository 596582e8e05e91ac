"""The rows that were not imported, as a file that can be mended and imported again."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, Self

from crm.prospects.reading.columns import DropReason, folded, known
from crm.prospects.reading.faults import RowFault
from crm.prospects.reading.table import Row
from crm.prospects.reading.text_file import FORMULA_MARK

LINE_HEADER: Final = "Import line"
REASON_HEADER: Final = "Import reason"
"""`mapping.guess` knows both and drops them, so they do not pile up from one attempt to the next."""

_STARTS_FORMULA: Final = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
_MARK: Final = "\ufeff"  # without it Excel takes UTF-8 for Windows-1252


class BrokenRows:
    """Writes the file, row by row. It holds personal data, so only its user may read it."""

    def __init__(
        self, path: Path, headers: Sequence[str], *, separator: str = ";", resume_at: int | None = None
    ) -> None:
        """Begin the file, or go on with one.

        Args:
            path: the file; a new one is made with mode 0600.
            headers: of the imported file.
            separator: as the imported file has it, so that it opens in the same program.
            resume_at: `offset` at the last commit, when an interrupted import goes on; what was written
                later is cut off. None begins anew.
        """
        self._kept = [place for place, header in enumerate(headers) if not _is_ours(header)]
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file: IO[str] = os.fdopen(handle, "w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, delimiter=separator, quoting=csv.QUOTE_ALL)
        self._file.truncate(resume_at or 0)
        self._file.seek(resume_at or 0)
        if not resume_at:
            self._file.write(_MARK)
            titles = [headers[place] for place in self._kept]
            self._writer.writerow(map(protected, [*titles, LINE_HEADER, REASON_HEADER]))

    def add(self, row: Row, fault: RowFault) -> None:
        """Write one row as it stood in the file, with its line and everything that is wrong with it."""
        cells = [row.values[place] if place < len(row.values) else "" for place in self._kept]
        shown = ["" if cell == FORMULA_MARK else protected(cell) for cell in cells]
        self._writer.writerow([*shown, str(row.line), fault.reason])

    @property
    def offset(self) -> int:
        """How far the file is on the disk, in bytes: to be kept with the import's position."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Write out what is left."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def protected(cell: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would take it for a formula.

    `cells.cleaned` takes one such apostrophe off, so a mended file says what the first one said.
    """
    return f"'{cell}" if cell and cell[0] in _STARTS_FORMULA else cell


def _is_ours(header: str) -> bool:
    return known().dropped.get(folded(header)) is DropReason.OURS
