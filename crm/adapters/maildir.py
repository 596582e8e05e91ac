"""A Maildir: one file a message, written in `tmp` and moved into `new` whole; `cur` holds what was read.

Whoever reads never sees half a message, and a message that a caller was told about survives a power cut.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

SEEN = ":2,S"


class Maildir:
    """The folder and its three rooms; made on first use, for our eyes only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for room in ("tmp", "new", "cur"):
            (folder / room).mkdir(mode=0o700, parents=True, exist_ok=True)

    def deliver(self, name: str, message: bytes) -> bool:
        """Lay a message into `new` under a name of its own; False when that name is there already.

        Raises:
            OSError: it is not there (a full disk, for one).
        """
        return self.publish(self.draft(name, message), name)

    def draft(self, name: str, message: bytes) -> Path:
        """A message on disk, whole, that nobody sees yet.

        Raises:
            OSError: it is not; nothing is left of it.
        """
        draft = self.folder / "tmp" / f"{name}.{secrets.token_hex(6)}"
        try:
            with draft.open("wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        return draft

    def publish(self, draft: Path, name: str) -> bool:
        """Move a draft into `new`; False when a message of that name is there already."""
        try:
            if self.find(name) is not None:
                return False
            os.link(draft, self.folder / "new" / name)  # unlike a rename, never over another
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(self.folder / "new")
        return True

    def find(self, name: str) -> Path | None:
        """Where the message of that name lies, read or not."""
        for path in (self.folder / "new" / name, self.folder / "cur" / f"{name}{SEEN}"):
            if path.exists():
                return path
        return None

    def remove(self, name: str) -> bool:
        """Erase a message, and drafts of it that a killed process left; False when there was neither."""
        there = [path for path in (self.find(name), *(self.folder / "tmp").glob(f"{name}.*")) if path]
        for path in there:
            path.unlink(missing_ok=True)
        return bool(there)

    def move(self, name: str, room: str, suffix: str = "") -> bool:
        """Take a message from `new` elsewhere; False when it is not there (any more)."""
        (self.folder / room).mkdir(mode=0o700, exist_ok=True)
        try:
            (self.folder / "new" / name).rename(self.folder / room / f"{name}{suffix}")
        except FileNotFoundError:
            return False
        sync_folder(self.folder / room)
        sync_folder(self.folder / "new")
        return True

    def entries(self, *rooms: str) -> list[os.DirEntry[str]]:
        """The files of some rooms that look like messages, oldest first."""
        found = [entry for room in rooms for entry in self._room(room)]
        return sorted(found, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))

    def _room(self, room: str) -> Iterator[os.DirEntry[str]]:
        with os.scandir(self.folder / room) as scan:
            for entry in scan:
                if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    entry.stat()  # kept with the entry: a file that vanishes later does not break the sorting
                    yield entry


def sync_folder(folder: Path) -> None:
    """Make a folder's names survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
