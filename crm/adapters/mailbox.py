"""The mailer that sends nothing: it lays every message into a Maildir, where a page shows it.

The default, and what the demo and the tests run. Beside the Maildir lies a journal of every hand-over that
was begun, one JSON line each, on disk before the message is: a provider's own history of what we asked of
it, repeats included, without addresses.
"""

import errno
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm.adapters.maildir import Maildir
from crm.adapters.wire import check_batch, fault_of
from crm.delivery.ports import Accepted, Envelope, NotSent, NotSentReason, Outcome, Uncertain
from crm.kernel import faults

JOURNAL = "handed-over.jsonl"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A line of the journal."""

    public_id: str
    sha256: str
    """Of the wire bytes."""
    again: bool
    """The message was there already: somebody handed it over twice."""


class Journal:
    """An append-only file that several processes write."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, line: HandedOver) -> None:
        """Write a line for good.

        Raises:
            OSError: it is not on disk.
        """
        record = {"public_id": line.public_id, "sha256": line.sha256, "again": line.again}
        text = json.dumps(record).encode("ascii") + b"\n"
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                text = b"\n" + text  # a full disk or a killed process left half a line
            if os.write(descriptor, text) != len(text):
                raise OSError(errno.ENOSPC, "The journal is not written.")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[HandedOver]:
        """Every whole line, oldest first; half lines are passed over."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for text in file:
                try:
                    yield HandedOver(**json.loads(text))
                except (ValueError, TypeError):
                    continue


class MailboxMailer:
    """Delivers into a Maildir on this machine."""

    def __init__(self, folder: Path) -> None:
        self._maildir = Maildir(folder)
        self.journal = Journal(folder / JOURNAL)
        self._turn = threading.Lock()

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """See `crm.delivery.ports.Mailer`."""
        check_batch(batch)
        with self._turn:
            return [fault_of(envelope) or self._deliver(envelope) for envelope in batch]

    def close(self) -> None:
        """Nothing is open."""

    def _deliver(self, envelope: Envelope) -> Outcome:
        digest = hashlib.sha256(envelope.wire).hexdigest()
        faults.point("transport.before_body")
        try:
            draft = self._maildir.draft(envelope.public_id, _as_delivered(envelope))
            again = self._maildir.find(envelope.public_id) is not None
            self.journal.add(HandedOver(envelope.public_id, digest, again=again))
        except OSError as error:
            return NotSent(
                NotSentReason.NO_SPACE if error.errno in _NO_SPACE else NotSentReason.MISCONFIGURED
            )
        faults.point("transport.mid_body")
        try:
            self._maildir.publish(draft, envelope.public_id)
        except OSError:
            return Uncertain("not_stored")
        faults.point("transport.after_response")
        return Accepted(envelope.public_id)


def _as_delivered(envelope: Envelope) -> bytes:
    """The message as its last server leaves it: trace headers in front (RFC 5321 §4.4), else untouched."""
    trace = f"Return-Path: <{envelope.sender}>\r\nDelivered-To: {envelope.recipient}\r\n"
    return trace.encode("ascii") + envelope.wire
