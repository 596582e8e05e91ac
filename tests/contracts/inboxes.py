"""Every place for inbound mail there is, each with a way to put a mail there."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm.adapters.imap import ImapInbox
from crm.adapters.inbox import MaildirInbox
from crm.adapters.maildir import Maildir
from crm.replies.ports import InboundMailbox
from tests.fakes import MemoryInbox
from tests.servers.dovecot import Dovecot


@dataclass
class Place:
    """One place, seen by two workers."""

    inbox: InboundMailbox
    other: InboundMailbox
    deliver: Callable[[bytes], object]


@contextmanager
def memory(_folder: Path, _server: object) -> Iterator[Place]:
    inbox = MemoryInbox()
    yield Place(inbox, inbox, inbox.deliver)


@contextmanager
def maildir(folder: Path, _server: object) -> Iterator[Place]:
    numbers = itertools.count()
    yield Place(
        MaildirInbox(folder),
        MaildirInbox(folder),
        lambda raw: Maildir(folder).deliver(f"mail-{next(numbers)}", raw),
    )


@contextmanager
def imap(_folder: Path, server: Callable[[], Dovecot]) -> Iterator[Place]:
    dovecot = server()
    dovecot.empty()
    inbox, other = ImapInbox(dovecot.open_place), ImapInbox(dovecot.open_place)
    yield Place(inbox, other, dovecot.append)
    inbox.close()
    other.close()


ALL = [memory, maildir, imap]
