"""Read a large file in a process of its own, while this one writes: two cores, one import.

The other process is `python -m crm.prospects.ahead`: what to read comes in on its standard input, and rows go
out on its standard output, some hundreds in a parcel, as `marshal` writes them: both ends are one program,
and reading JSON took a tenth of the whole import.
"""

import json
import marshal
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from crm.kernel.digests import AddressKeys
from crm.prospects.candidates import Broken, Candidate, CandidateReader
from crm.prospects.choices import Choices
from crm.prospects.parcels import packed, unpacked
from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.table import open_table

WORTH_IT: Final = 20_000
"""Rows from which a process of its own pays for its start."""

HEAD: Final = 5_000
"""Rows this process reads itself while the other one starts."""

_PARCEL: Final = 500  # rows
_AHEAD: Final = 8  # parcels that wait to be written
_ROOT: Final = Path(__file__).parents[2]
_SIZE: Final = 4  # bytes before each parcel: how long it is
_END: Final = marshal.dumps(None)

Found = Candidate | Broken


class ReadingEndedError(Exception):
    """The process that reads was ended from outside. What it gave us so far is good."""


def read_all(path: Path, choices: Choices, ring: AddressKeys, *, rows: int | None) -> Iterator[Found]:
    """Every row of a file, understood or not, in its order.

    Args:
        path: the file.
        choices: what its columns are, and what holds for all its rows.
        ring: the keys behind address digests.
        rows: how many there are, if that is known: a small file needs no process.

    Raises:
        FileFault: the file turned out to be broken further down.
        OSError: the file is gone.
        ReadingEndedError: the process that reads it is.
    """
    if (rows or 0) < WORTH_IT or (os.cpu_count() or 1) < 2:
        return _read(path, choices, ring)
    return _read_elsewhere(path, choices, ring)


def _read(path: Path, choices: Choices, ring: AddressKeys, *, after: int = 0) -> Iterator[Found]:
    reader = CandidateReader(ring, choices.mapping, choices.defaults)
    return map(reader.read, open_table(path).rows(after=after))


def _read_elsewhere(path: Path, choices: Choices, ring: AddressKeys) -> Iterator[Found]:
    order = {
        "path": str(path.absolute()),
        "choices": choices.to_json(),
        "keys": ring.handed_on(),
        "after": HEAD,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "crm.prospects.ahead"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for whoever writes
    )
    assert process.stdin is not None
    assert process.stdout is not None
    parcels: queue.Queue[bytes] = queue.Queue(_AHEAD)
    fetching = threading.Thread(target=_fetch, args=(process.stdout, parcels), daemon=True)
    try:
        with suppress(BrokenPipeError), process.stdin as letter:
            letter.write(json.dumps(order).encode())
        fetching.start()
        yield from islice(_read(path, choices, ring), HEAD)
        while (parcel := parcels.get()) != _END:
            yield from _opened(parcel, ring)
    finally:
        process.kill()
        while fetching.is_alive():  # it may wait for room to put one more
            with suppress(queue.Empty):
                parcels.get(timeout=0.05)
        process.stdout.close()
        process.wait()


def _fetch(stream: IO[bytes], parcels: "queue.Queue[bytes]") -> None:
    """Keep some parcels at hand. The last one says that it is; without it the process was ended.

    One that was cut in the middle is left out: its rows are read again with the rest.
    """
    while len(size := stream.read(_SIZE)) == _SIZE:
        length = int.from_bytes(size)
        parcel = stream.read(length)
        if len(parcel) < length:
            break
        parcels.put(parcel)
        if parcel == _END:
            return
    parcels.put(b"")


def _opened(parcel: bytes, ring: AddressKeys) -> Iterator[Found]:
    if not parcel:
        raise ReadingEndedError
    found = marshal.loads(parcel)  # noqa: S302 - of our own process
    if isinstance(found, dict):
        raise FileFault(FileFaultCode(found["code"]), found["words"], line=found["line"])
    return unpacked(found, ring.versions)


def main() -> None:
    """The other process: ends with the file, or when nobody takes its parcels any more."""
    order = json.load(sys.stdin)
    choices, ring = Choices.from_json(order["choices"]), AddressKeys.received(order["keys"])
    out = sys.stdout.buffer
    try:
        _send(out, _read(Path(order["path"]), choices, ring, after=order["after"]))
    except BrokenPipeError:
        # Nobody takes them any more. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _send(out: IO[bytes], found: Iterator[Found]) -> None:
    try:
        while parcel := list(islice(found, _PARCEL)):
            _put(out, [packed(one) for one in parcel])
    except FileFault as fault:
        told = {"code": fault.code.value, "words": fault.words, "line": fault.line}
        _put(out, told)
    _put(out, None)


def _put(out: IO[bytes], what: Any) -> None:  # noqa: ANN401 - anything that is plain
    parcel = marshal.dumps(what)
    out.write(len(parcel).to_bytes(_SIZE) + parcel)
    out.flush()


if __name__ == "__main__":
    main()
