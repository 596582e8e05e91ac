"""The journal of refusals: a file beside the database that a restore cannot take back (D7)."""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One refusal as the journal keeps it: digests and codes only."""

    reference: str
    scope: str
    scope_id: int | None
    reason: str
    channel: str
    until: str | None
    refused_at: str
    message: str
    keys: list[tuple[str, int]]
    """(digest, key version) of every spelling."""


class Journal:
    """Append-only, one JSON object a line, flushed to the disk before anything is acknowledged."""

    def __init__(self, path: Path) -> None:
        """Take the file's path; it is made with the first line."""
        self._path = path

    def append(self, line: Line) -> None:
        """Write one refusal down for good.

        Called before the database commits: a line too many is applied again after a restore, which
        errs on the side of silence; a line too few would lose a no.

        Raises:
            OSError: the disk is full or the folder is gone. Then nothing may be acknowledged.
        """
        text = json.dumps(asdict(line), separators=(",", ":")).encode() + b"\n"
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            end = os.fstat(handle).st_size
            if end and os.pread(handle, 1, end - 1) != b"\n":
                text = b"\n" + text  # a line that a crash cut in half must not swallow this one
            if os.write(handle, text) != len(text):
                os.ftruncate(handle, end)
                raise OSError("the journal of refusals could not be written")
            os.fsync(handle)
        finally:
            os.close(handle)

    def lines(self) -> Iterator[Line]:
        """Every whole line, oldest first. What a crash cut in half was never acknowledged."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for text in file:
                try:
                    kept = json.loads(text)
                    kept["keys"] = [(str(digest), int(version)) for digest, version in kept["keys"]]
                    yield Line(**kept)
                except (ValueError, TypeError, KeyError):
                    continue
