"""Reads a mailbox on loopback into a database, in a process that can be killed."""

import sys

from crm.adapters.imap import ImapInbox
from crm.adapters.imap_session import ImapPlace
from crm.adapters.smtp_session import TlsMode
from crm.kernel.clock import real_clock
from crm.kernel.db import Database
from crm.workflows.inbox.receive_mail import receive_mail
from tests.servers.dovecot import PASSWORD, USER


def main() -> None:
    url, port = sys.argv[1:]
    inbox = ImapInbox(ImapPlace("127.0.0.1", int(port), USER, PASSWORD, TlsMode.NONE))
    database = Database(url)
    receive_mail(database, inbox, real_clock)
    inbox.close()
    database.dispose()
