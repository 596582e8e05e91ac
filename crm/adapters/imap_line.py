"""The connection under an IMAP conversation: whatever drips out of it ends by a deadline, within limits."""

import imaplib
import ssl

from imapclient import IMAPClient

from crm.adapters.sockets import TimedSocket

LITERAL_LIMIT = 48 * 2**20
"""Bytes a server may announce at once; nothing we ask for is as long."""

_LINE_LIMIT = 8 * 2**20  # a search may name a million messages


class ImapLine(imaplib.IMAP4):
    """The standard library's protocol over a `TimedSocket`, by the methods that it names as overridable."""

    def __init__(self, connection: TimedSocket, host: str) -> None:
        """Hear the greeting.

        Raises:
            OSError: the connection broke, or its deadline passed.
            imaplib.IMAP4.error: whoever is there does not speak IMAP.
        """
        self.connection = connection
        self._held = bytearray()
        super().__init__(host)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:  # noqa: ARG002 - imaplib's form
        self.host, self.port = host, port
        self.sock = self.connection  # type: ignore[assignment]  # only for those who poll it

    def read(self, size: int) -> bytes:
        if size > LITERAL_LIMIT:
            raise self.abort("too_large")
        while len(self._held) < size:
            self._more()
        return self._take(size)

    def readline(self) -> bytes:
        start = 0
        while (end := self._held.find(b"\n", start)) < 0:
            start = len(self._held)
            if start > _LINE_LIMIT:
                raise self.abort("too_large")
            self._more()
        return self._take(end + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override]  # typeshed says Buffer; it is bytes
        self.connection.send_all(data)

    def shutdown(self) -> None:
        self.connection.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on under TLS (STARTTLS).

        Raises:
            ssl.SSLError: the certificate does not prove the host.
            OSError: the connection broke, or its deadline passed.
            imaplib.IMAP4.error: the server does not want to, or said more than it was asked (RFC 9051 §11.1).
        """
        if "STARTTLS" not in self.capabilities:
            raise self.error("no_starttls")
        answer, _ = self.xatom("STARTTLS")
        if answer != "OK" or self._held:
            raise self.error("no_starttls")
        self.connection.secure(context, self.host)
        _, told = self.capability()
        self.capabilities = tuple(str(told[-1], "ascii", "replace").upper().split())

    def told(self, word: str) -> bool:
        """Tell whether the server has said a word by itself since this was last asked."""
        return self.response(word)[1] != [None]

    def is_speaking(self, seconds: float) -> bool:
        """Wait until the server says something, or hangs up; tell whether it did."""
        return bool(self._held) or self.connection.wait(seconds)

    def _more(self) -> None:
        data = self.connection.receive()
        if not data:
            raise self.abort("socket error: EOF")
        self._held += data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken


class Client(IMAPClient):  # type: ignore[misc]  # the library ships no types
    """IMAPClient over a line that is open already."""

    def __init__(self, line: ImapLine) -> None:
        self._line = line
        super().__init__(line.host, line.port, ssl=False)
        line.debug = 0  # the library would write every line into the log, people's mail included

    def _create_IMAP4(self) -> ImapLine:  # noqa: N802 - the library's name
        return self._line

    def _set_read_timeout(self) -> None:
        """The line keeps its own time."""
