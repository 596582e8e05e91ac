"""Looks into the Maildir that the mailbox mailer fills, as a recipient would."""

import contextlib
import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

from crm.adapters.maildir import SEEN, Maildir
from crm.delivery.ports import SentMail
from crm.kernel.text import one_line

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_HEAD_BYTES = 16384
_REMEMBERED = 5000


class _Head(NamedTuple):
    recipient: str
    subject: str
    sent_at: datetime | None


class MaildirViewer:
    """See `crm.delivery.ports.SentMailViewer`. A key is the message's public id."""

    def __init__(self, folder: Path) -> None:
        self._maildir = Maildir(folder)
        self._heads: dict[str, _Head] = {}  # a message never changes: its head is read once

    def newest(
        self, *, recipient: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[SentMail]:
        """See the port. An unknown `before` begins at the newest."""
        wanted = recipient.casefold() if recipient is not None else None
        entries = self._maildir.entries("new", "cur")[::-1]
        names = [entry.name.removesuffix(SEEN) for entry in entries]
        start = names.index(before) + 1 if before in names else 0
        found: list[SentMail] = []
        for entry, key in zip(entries[start:], names[start:], strict=True):
            if len(found) >= limit:
                break
            head = self._head(key, entry.path)
            if head is None or wanted not in (None, head.recipient.casefold()):
                continue
            sent_at = head.sent_at or datetime.fromtimestamp(entry.stat().st_mtime, UTC)
            found.append(SentMail(key, head.recipient, head.subject, sent_at))
        return found

    def read(self, key: str) -> bytes | None:
        """See the port."""
        path = self._maildir.find(key) if _KEY.fullmatch(key) else None
        if path is None:
            return None
        with contextlib.suppress(FileNotFoundError):
            return path.read_bytes()
        return None

    def remove(self, keys: Collection[str]) -> int:
        """See the port."""
        removed = 0
        for key in keys:
            self._heads.pop(key, None)
            removed += bool(_KEY.fullmatch(key)) and self._maildir.remove(key)
        return removed

    def _head(self, key: str, path: str) -> _Head | None:
        """What its header says; None when it is gone."""
        if key not in self._heads:
            try:
                with Path(path).open("rb") as file:
                    headers = BytesHeaderParser(policy=compat32).parsebytes(file.read(_HEAD_BYTES))
            except FileNotFoundError:
                return None
            if len(self._heads) >= _REMEMBERED:
                self._heads.clear()
            self._heads[key] = _Head(
                str(headers.get("Delivered-To", "")),
                _decoded(str(headers.get("Subject", ""))),
                _moment(str(headers.get("Date", ""))),
            )
        return self._heads[key]


def _decoded(text: str) -> str:
    try:
        return one_line(str(make_header(decode_header(text))))
    except (ValueError, LookupError):  # a broken or unknown encoding: better the raw words than none
        return one_line(text)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
