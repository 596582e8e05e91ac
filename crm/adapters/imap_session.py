"""Getting into conversation with an IMAP server: connection, TLS, login, the folder."""

import imaplib
import ssl
from dataclasses import dataclass, field

from imapclient.exceptions import LoginError

from crm.adapters.imap_line import Client, ImapLine
from crm.adapters.smtp_session import TlsMode
from crm.adapters.sockets import CONNECT_SECONDS, Deadline, connect, is_loopback
from crm.kernel.errors import InvalidSettingsError

STORED = "$CrmStored"
"""Keyword of a message that is in our database. Not `\\Seen`: people may read the mailbox too."""

ASIDE = "$CrmAside"
"""Keyword of a message that was laid aside for a person."""

TROUBLE = (OSError, imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError)
"""What the libraries are known to raise on a broken connection, or on an answer that is none."""


@dataclass(frozen=True, slots=True)
class ImapPlace:
    """The mailbox that answers come to, and how we log in to it."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: TlsMode = TlsMode.IMPLICIT
    folder: str = "INBOX"
    delete: bool = False
    """Messages are removed there once they are stored here."""

    def __post_init__(self) -> None:
        """Refuse what would carry mail or a password in the open.

        Raises:
            InvalidSettingsError: in words.
        """
        if self.tls is TlsMode.NONE and not is_loopback(self.host):
            raise InvalidSettingsError(
                ["CRM_IMAP_TLS: mail is read under TLS only; none is for this machine itself."]
            )


class NotOpenedError(Exception):
    """No conversation came about; says why in words without a person."""

    def __init__(self, words: str, *, hopeless: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.hopeless = hopeless
        """It stays so until somebody changes a setting."""


@dataclass(slots=True)
class ImapSession:
    """A conversation with one folder open."""

    client: Client
    line: ImapLine
    validity: int
    """UIDVALIDITY: numbers of messages mean nothing under another one (RFC 9051 §2.3.1.1)."""

    def allow(self, seconds: float) -> None:
        """Everything that is asked from here on ends within so many seconds."""
        self.line.connection.deadline = Deadline.after(seconds)

    def leave(self) -> None:
        """Say goodbye, but do not wait for long."""
        try:
            self.allow(1.0)
            self.client.logout()
        except TROUBLE:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up without a word."""
        self.line.connection.close()


def open_session(place: ImapPlace, context: ssl.SSLContext | None, seconds: float) -> ImapSession:
    """Connect, check the certificate, log in and open the folder, all within so many seconds.

    Raises:
        NotOpenedError: any of it failed.
    """
    where = f"{place.host} port {place.port}"
    deadline = Deadline.after(seconds)
    try:
        connection = connect(place.host, place.port, deadline.within(CONNECT_SECONDS))
    except OSError:
        raise NotOpenedError(f"{where} does not answer") from None
    connection.deadline = deadline
    try:
        if place.tls is TlsMode.IMPLICIT:
            connection.secure(context or ssl.create_default_context(), place.host)
        line = ImapLine(connection, place.host)
        if place.tls is TlsMode.STARTTLS:
            line.secure(context or ssl.create_default_context())
        return _opened(place, Client(line), line)
    except ssl.SSLCertVerificationError:
        connection.close()
        words = f"the certificate of {where} does not prove that it is {place.host}"
        raise NotOpenedError(words, hopeless=True) from None
    except NotOpenedError:
        connection.close()
        raise
    except TROUBLE:
        connection.close()
        raise NotOpenedError(f"{where} did not speak IMAP to the end") from None


def _opened(place: ImapPlace, client: Client, line: ImapLine) -> ImapSession:
    try:
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(place.username, place.password)  # UTF-8, which LOGIN cannot carry
        else:
            client.login(place.username, place.password)
    except LoginError as error:
        # The library says the same of a server that broke off, or cannot look passwords up now (RFC 5530).
        if isinstance(error.__context__, imaplib.IMAP4.abort) or "[UNAVAILABLE]" in str(error):
            raise NotOpenedError("the server cannot log anybody in now") from None
        raise NotOpenedError("the user name or password of CRM_IMAP_USER is refused", hopeless=True) from None
    except UnicodeError:
        raise NotOpenedError("this server takes a password in ASCII only", hopeless=True) from None
    try:
        folder = client.select_folder(place.folder)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise NotOpenedError(f"there is no folder {place.folder}", hopeless=True) from None
    if folder.get(b"READ-WRITE") is None or not _keeps_keywords(folder.get(b"PERMANENTFLAGS", ())):
        words = f"the folder {place.folder} keeps no keywords, so what was read cannot be marked"
        raise NotOpenedError(words, hopeless=True)
    return ImapSession(client, line, int(folder[b"UIDVALIDITY"]))


def _keeps_keywords(flags: tuple[bytes, ...]) -> bool:
    known = {flag.lower() for flag in flags}
    return b"\\*" in known or {STORED.lower().encode(), ASIDE.lower().encode()} <= known
