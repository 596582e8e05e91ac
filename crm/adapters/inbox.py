"""Inbound mail in a Maildir, where a mail server or the demo's people deliver it."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from crm.adapters.maildir import SEEN, Maildir
from crm.replies.ports import CUT, SIZE_LIMIT, InboxLook, Stopping, cut

QUARANTINE = "quarantine"

_KEY = re.compile(r"[^/\0]{1,255}")


class MaildirInbox:
    """See `crm.replies.ports.InboundMailbox`: `new` is unseen, `cur` stored, `quarantine` unreadable."""

    def __init__(self, folder: Path) -> None:
        self._maildir = Maildir(folder)

    def unseen(self, limit: int = 100) -> Iterator[tuple[str, bytes]]:
        """See the port."""
        for entry in self._maildir.entries("new")[:limit]:
            with contextlib.suppress(FileNotFoundError):  # another worker kept it meanwhile
                yield entry.name, _read(Path(entry.path), entry.stat().st_size)

    def keep(self, key: str) -> bool:
        """See the port."""
        return self._is_name(key) and self._maildir.move(key, "cur", SEEN)

    def quarantine(self, key: str) -> bool:
        """See the port."""
        return self._is_name(key) and self._maildir.move(key, QUARANTINE)

    def wait(self, _seconds: float, _stopping: Stopping) -> bool:
        """See the port: nobody calls us from a folder, and looking costs nothing."""
        return False

    @property
    def is_readable(self) -> bool:
        """See the port: a folder that is gone raises."""
        return True

    def look(self) -> InboxLook:
        """See the port."""
        waiting = len(self._maildir.entries("new"))
        return InboxLook(works=True, words=f"{self._maildir.folder}; {waiting} not read yet")

    def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def _is_name(key: str) -> bool:
        return bool(_KEY.fullmatch(key)) and key not in {".", ".."}


def _read(path: Path, size: int) -> bytes:
    if size <= SIZE_LIMIT:
        return path.read_bytes()
    with path.open("rb") as file:
        return cut(file.read(CUT), size)
