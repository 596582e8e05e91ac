"""A process that reads a real mailbox is killed at every point: no mail is lost, none is read twice."""

import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from crm.adapters.imap import ImapInbox
from crm.adapters.imap_session import STORED
from crm.kernel.clock import real_clock
from crm.kernel.db import Database
from crm.replies.models import InboundMail
from crm.workflows.inbox.receive_mail import receive_mail
from tests.crash.forks import Forks
from tests.servers import dovecot, tls
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.enable_socket, pytest.mark.both_databases, pytest.mark.xdist_group("dovecot")]

MAILS = [
    b"From: anna@winkel.example\r\nSubject: %d\r\nMessage-ID: <%d@winkel.example>\r\n\r\nDag %d\r\n"
    % (n, n, n)
    for n in range(4)
] + [b"From: anna@winkel.example\r\nSubject: no id\r\n\r\nDag\r\n"]
POINTS = ["inbox.after_fetch", "inbox.before_store", "inbox.after_store", "inbox.after_keep"]


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with dovecot.server(tls.make(tmp_path_factory.mktemp("tls"))) as server:
        yield server


@pytest.fixture
def server(_server: Dovecot) -> Dovecot:
    _server.empty()
    _server.append(*MAILS)
    return _server


def reader(forks: Forks, database_url: str, server: Dovecot, fault: str = "") -> int:
    """How it ended."""
    return forks.run("tests.crash.reader", database_url, str(server.port), fault=fault).status


def stored(database: Database) -> Counter[bytes]:
    with database.reading() as session:
        return Counter(raw for raw in session.scalars(select(InboundMail.raw)) if raw is not None)


def marked(server: Dovecot) -> list[bool]:
    return [STORED.encode() in flags for _, flags in server.mails().values()]


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_every_mail_is_stored_once(
    forks: Forks, database: Database, database_url: str, server: Dovecot, point: str
) -> None:
    assert reader(forks, database_url, server, f"{point}=kill@3") == -signal.SIGKILL
    assert sum(marked(server)) <= len(stored(database)) < len(MAILS)  # marked only after it was stored
    assert reader(forks, database_url, server) == 0
    assert stored(database) == Counter(MAILS)
    assert marked(server) == [True] * len(MAILS)


def test_a_mailbox_made_anew_is_read_again_and_nothing_is_doubled(
    database: Database, server: Dovecot
) -> None:
    inbox = ImapInbox(server.open_place)
    assert receive_mail(database, inbox, real_clock) == len(MAILS)
    server.make_anew()
    server.append(b"Subject: new\r\n\r\nnew\r\n")
    assert marked(server) == [False] * (len(MAILS) + 1)
    assert receive_mail(database, inbox, real_clock) == 1
    inbox.close()
    assert stored(database) == Counter([*MAILS, b"Subject: new\r\n\r\nnew\r\n"])
    assert marked(server) == [True] * (len(MAILS) + 1)


def test_two_who_read_at_once_store_each_mail_once(database: Database, server: Dovecot) -> None:
    one, other = ImapInbox(server.open_place), ImapInbox(server.open_place)
    ahead = one.unseen()
    next(ahead)
    assert receive_mail(database, other, real_clock) == len(MAILS)
    assert receive_mail(database, one, real_clock) == 0
    one.close()
    other.close()
    assert stored(database) == Counter(MAILS)
