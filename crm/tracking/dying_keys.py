"""The keys behind the digests of addresses: one a day and purpose, kept apart, soon destroyed (D5)."""

import os
import secrets
import threading
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from crm.tracking.addresses import IpPurpose

KEY_SIZE = 32  # bytes
LIFETIME = timedelta(hours=47)
"""Counted from the start of the key's day, so that a job that runs every hour destroys it within 48 hours."""

_SUFFIX = ".key"
_UNFINISHED = ".new"
_CLEAN_EVERY = timedelta(minutes=5)  # a file being written is never older


class DyingKeys:
    """The keys of one machine, in a folder only its user can read, which no backup may include.

    Several processes on the machine agree on a day's key: whoever is first writes the file, the others
    read it. Two machines have different keys. Days are those of the real clock, in UTC.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder (0700) when it is not there, and close it to others when it is open."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder
        self._known: dict[IpPurpose, tuple[date, bytes]] = {}
        self._lock = threading.Lock()

    def key(self, purpose: IpPurpose, now: datetime) -> bytes:
        """The 32 bytes for this purpose and UTC day; random, and in no way derived from another secret."""
        day = now.astimezone(UTC).date()
        known = self._known.get(purpose)
        if known is not None and known[0] == day:
            return known[1]
        with self._lock:
            key = self._read_or_make(self._folder / f"{day.isoformat()}.{purpose}{_SUFFIX}")
            self._known[purpose] = (day, key)
        return key

    def destroy_old(self, now: datetime) -> int:
        """Destroy the keys that are past their life, here in memory and in the folder; return how many files.

        Every process must call this at least once an hour; files dated after tomorrow go as well, because
        a clock that was wrong made them.
        """
        with self._lock:
            self._known = {
                purpose: kept for purpose, kept in self._known.items() if not _is_over(kept[0], now)
            }
        destroyed = 0
        for path in self._folder.glob(f"*{_SUFFIX}"):
            day = _day_of(path)
            if day is None or _is_over(day, now) or day > now.astimezone(UTC).date() + timedelta(days=1):
                destroyed += _destroy(path)
        for path in self._folder.glob(f"*{_UNFINISHED}"):
            with suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - _CLEAN_EVERY:
                    _destroy(path)
        return destroyed

    def _read_or_make(self, path: Path) -> bytes:
        key = _read(path)
        while key is None:
            self._make(path)
            key = _read(path)
        return key

    def _make(self, path: Path) -> None:
        """Put a new key at this name, whole or not at all, unless somebody was first.

        The bytes are on the disk before the name is, so nobody ever reads half a key; `link` fails when
        the name exists, as O_EXCL does.
        """
        draft = self._folder / f"{secrets.token_hex(8)}{_UNFINISHED}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(KEY_SIZE))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            draft.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    """The key, or None when there is none. A file of another size is none of ours and makes room."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != KEY_SIZE:
        path.unlink(missing_ok=True)
        return None
    return key


def _day_of(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.name.partition(".")[0])
    except ValueError:
        return None


def _is_over(day: date, now: datetime) -> bool:
    return now >= datetime.combine(day, time(), UTC) + LIFETIME


def _destroy(path: Path) -> bool:
    """Overwrite, then remove. False when another process was first."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(KEY_SIZE))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    return True
