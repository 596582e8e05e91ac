"""Inbound mail in a real mailbox, read over IMAP (RFC 9051, RFC 3501).

What was read is marked in the mailbox itself, by a keyword, and only after it was stored: whoever is killed
in between reads the message again, and the database knows it by its content. The same where a mailbox was
made anew (another UIDVALIDITY): all is read again, nothing is doubled (docs/decisions/0006-imap-client.md).
"""

import logging
import re
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from crm.adapters.imap_kept import KeptSession, Limits
from crm.adapters.imap_session import ASIDE, STORED, TROUBLE, ImapPlace, ImapSession, NotOpenedError
from crm.adapters.sockets import Deadline
from crm.kernel import faults
from crm.kernel.clock import monotonic
from crm.replies.ports import CUT, SIZE_LIMIT, InboxLook, Stopping, cut

log = logging.getLogger(__name__)

_KEY: Final = re.compile(r"([1-9][0-9]{0,9})\.([1-9][0-9]{0,9})")
_UNREAD: Final = ["UNKEYWORD", STORED, "UNKEYWORD", ASIDE]
_TRIES: Final = 3
"""So often a message is asked for that never comes; then the ones behind it have their turn."""
_SWEPT_AT_ONCE: Final = 500  # messages
_FORGIVEN_AFTER: Final = 3600.0  # seconds


class _Waiting(NamedTuple):
    """A message in the mailbox."""

    validity: int
    """UIDVALIDITY under which the number holds."""
    uid: int
    size: int


class ImapInbox:
    """See `crm.replies.ports.InboundMailbox`. One connection, for one thread."""

    def __init__(
        self, place: ImapPlace, *, context: ssl.SSLContext | None = None, limits: Limits | None = None
    ) -> None:
        self._place = place
        self._limits = limits or Limits()
        self._server = KeptSession(place, context, self._limits)
        self._refused: Counter[tuple[int, int]] = Counter()
        self._forgiven_at = monotonic()

    def unseen(self, limit: int = 100) -> Iterator[tuple[str, bytes]]:
        """See the port."""
        nothing: list[_Waiting] = []
        for validity, uid, size in self._server.ask(lambda session: self._waiting(session, limit), nothing):
            if self._server.is_resting:
                return
            raw = self._fetched(validity, uid, size)
            if raw is not None:
                yield f"{validity}.{uid}", raw

    def keep(self, key: str) -> bool:
        """See the port."""
        return self._mark(
            key, STORED, (lambda session, uid: self._remove(session, [uid])) if self._place.delete else None
        )

    def quarantine(self, key: str) -> bool:
        """See the port: the message stays where it is, marked for people as well."""
        return self._mark(key, ASIDE, lambda session, uid: session.client.add_flags([uid], [b"\\Flagged"]))

    def wait(self, seconds: float, stopping: Stopping) -> bool:
        """See the port: by IDLE (RFC 2177) where the server has it, else by looking again after a while."""
        end = Deadline.after(seconds)
        if self._server.is_resting:
            self._nap(end, stopping)
            return False
        return self._server.ask(lambda session: self._watch(session, end, stopping), otherwise=False)

    @property
    def is_readable(self) -> bool:
        """See the port."""
        return not self._server.has_failed

    def look(self) -> InboxLook:
        """See the port."""
        where = f"{self._place.host} port {self._place.port}, folder {self._place.folder}"
        self._server.forget_failures()
        try:
            session = self._server.opened()
            waiting = len(session.client.search(_UNREAD))
            calls = "calls us" if session.client.has_capability("IDLE") else "is asked every few seconds"
        except NotOpenedError as error:
            return InboxLook(works=False, words=error.words)
        except TROUBLE:
            self._server.hang_up()
            return InboxLook(works=False, words=f"{where} broke off")
        return InboxLook(works=True, words=f"{where} {calls}; {waiting} not read yet")

    def close(self) -> None:
        """Say goodbye; reading again opens a new conversation."""
        self._server.close()

    def _waiting(self, session: ImapSession, limit: int) -> list[_Waiting]:
        """What nobody kept, oldest first."""
        if monotonic() > self._forgiven_at + _FORGIVEN_AFTER:
            self._refused.clear()
            self._forgiven_at = monotonic()
        if self._place.delete:
            self._sweep(session)
        found = self._unread(session)
        sizes = session.client.fetch(found[:limit], ["RFC822.SIZE"])
        return [
            _Waiting(session.validity, uid, int(sizes[uid][b"RFC822.SIZE"])) for uid in found if uid in sizes
        ]

    def _unread(self, session: ImapSession) -> list[int]:
        """UIDs in order. A search may know only what the server has told this connection of (RFC 9051 §7)."""
        session.client.noop()
        session.line.told("EXISTS")  # and forget that it was told
        found = sorted(session.client.search(_UNREAD))
        return [uid for uid in found if self._refused[session.validity, uid] < _TRIES]

    def _blame(self, validity: int, uid: int) -> None:
        """It may be this message that breaks the conversation: those behind it must not wait for ever."""
        self._refused[validity, uid] += 1
        if self._refused[validity, uid] == _TRIES:
            log.error("an inbound mail does not come; it is asked for again in an hour", extra={"uid": uid})

    def _fetched(self, validity: int, uid: int, size: int) -> bytes | None:
        """A message; only its beginning when it is monstrous, or did not come at the first try."""
        whole = size <= SIZE_LIMIT and not self._refused[validity, uid]
        item = "BODY.PEEK[]" if whole else f"BODY.PEEK[]<0.{CUT}>"

        def fetch(session: ImapSession) -> bytes | None:
            if session.validity != validity:
                return None
            parts = session.client.fetch([uid], [item]).get(uid, {})
            found = next((value for name, value in parts.items() if name.startswith(b"BODY[]")), None)
            return found if isinstance(found, bytes) else None

        raw = self._server.ask(
            fetch, None, seconds=self._limits.message, blame=lambda: self._blame(validity, uid)
        )
        faults.point("inbox.after_fetch")
        return raw if raw is None or whole else cut(raw, size)

    def _mark(self, key: str, keyword: str, then: Callable[[ImapSession, int], object] | None = None) -> bool:
        match = _KEY.fullmatch(key)
        if match is None:
            return False
        validity, uid = int(match[1]), int(match[2])

        def mark(session: ImapSession) -> bool:
            if session.validity != validity:
                return False  # another message has that number now
            flags = session.client.get_flags([uid]).get(uid)
            if flags is None or {flag.lower() for flag in flags} & {
                STORED.lower().encode(),
                ASIDE.lower().encode(),
            }:
                return False
            session.client.add_flags([uid], [keyword])
            if then is not None:
                then(session, uid)
            return True

        return self._server.ask(mark, otherwise=False)

    def _sweep(self, session: ImapSession) -> None:
        """Remove what was stored and is still there: killed in between, or the setting was another."""
        session.client.noop()
        rest = [] if session.client.has_capability("UIDPLUS") else ["UNDELETED"]
        self._remove(session, session.client.search(["KEYWORD", STORED, *rest])[:_SWEPT_AT_ONCE])

    @staticmethod
    def _remove(session: ImapSession, uids: list[int]) -> None:
        """Only these: without UIDPLUS an expunge would take what others have marked."""
        if not uids:
            return
        session.client.delete_messages(uids, silent=True)
        if session.client.has_capability("UIDPLUS"):
            session.client.uid_expunge(uids)

    def _watch(self, session: ImapSession, end: Deadline, stopping: Stopping) -> bool:
        if self._unread(session) or session.line.told("EXISTS"):
            return True  # what was told after the search began would not be told again
        if not session.client.has_capability("IDLE"):
            self._nap(end.within(self._limits.poll), stopping)
            return True
        session.client.idle()
        while end.has(0) and not stopping() and not session.line.is_speaking(self._limits.slice):
            continue
        session.allow(self._limits.command)
        _, told = session.client.idle_done()
        return any(len(words) > 1 and words[1] == b"EXISTS" for words in told)

    def _nap(self, end: Deadline, stopping: Stopping) -> None:
        while end.has(0) and not stopping():
            threading.Event().wait(self._limits.slice)
