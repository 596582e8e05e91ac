"""Inbound mail in a Maildir, where a mail server or the demo's people deliver it."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from crm.adapters.maildir import SEEN, Maildir

QUARANTINE = "quarantine"
SIZE_LIMIT = 40 * 2**20
"""Larger messages are laid aside unread: nobody's answer to us has 40 MiB."""

_KEY = re.compile(r"[^/\0]{1,255}")


class MaildirInbox:
    """See `crm.replies.ports.InboundMailbox`: `new` is unseen, `cur` stored, `quarantine` unreadable."""

    def __init__(self, folder: Path) -> None:
        self._maildir = Maildir(folder)

    def unseen(self, limit: int = 100) -> Iterator[tuple[str, bytes]]:
        """See the port."""
        for entry in self._maildir.entries("new")[:limit]:
            if entry.stat().st_size > SIZE_LIMIT:
                self.quarantine(entry.name)
                continue
            with contextlib.suppress(FileNotFoundError):  # another worker kept it meanwhile
                yield entry.name, Path(entry.path).read_bytes()

    def keep(self, key: str) -> bool:
        """See the port."""
        return self._is_name(key) and self._maildir.move(key, "cur", SEEN)

    def quarantine(self, key: str) -> bool:
        """See the port."""
        return self._is_name(key) and self._maildir.move(key, QUARANTINE)

    @staticmethod
    def _is_name(key: str) -> bool:
        return bool(_KEY.fullmatch(key)) and key not in {".", ".."}
