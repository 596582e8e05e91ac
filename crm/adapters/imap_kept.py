"""One IMAP conversation, kept: opened when needed, opened anew when it breaks, not sooner than is wise."""

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from crm.adapters.imap_session import TROUBLE, ImapPlace, ImapSession, NotOpenedError, open_session
from crm.kernel.clock import monotonic

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may keep us; seconds."""

    opening: float = 15.0
    command: float = 20.0
    message: float = 60.0
    poll: float = 5.0
    """Between two looks where the server cannot call us."""
    slice: float = 0.2
    """Between two looks at whether we should stop."""
    back_off: float = 1.0
    """After the first failure; then twice as long each time."""
    longest: float = 60.0
    hopeless: float = 300.0
    """After a no that stays one: servers lock accounts out that try too often."""


class KeptSession:
    """Asks a server, for one thread."""

    def __init__(self, place: ImapPlace, context: ssl.SSLContext | None, limits: Limits) -> None:
        self._place = place
        self._context = context
        self._limits = limits
        self._session: ImapSession | None = None
        self._failures = 0
        self._not_before = 0.0

    @property
    def is_resting(self) -> bool:
        """Tell whether it is too soon for another try."""
        return self._session is None and monotonic() < self._not_before

    @property
    def has_failed(self) -> bool:
        """Tell whether the last question had no answer."""
        return self._failures > 0

    def forget_failures(self) -> None:
        """Try at once, whatever was before."""
        self._failures, self._not_before = 0, 0.0

    def close(self) -> None:
        """Say goodbye; asking again opens a new conversation."""
        if self._session is not None:
            self._session.leave()
            self._session = None

    def ask(
        self, question: Callable[[ImapSession], T], otherwise: T, *, seconds: float | None = None,
        blame: Callable[[], None] | None = None,
    ) -> T:  # fmt: skip
        """Put a question to the server; `otherwise` when there is no answer to be had now.

        A kept connection that died of age costs nothing: the question is put once more over a new one.
        `blame` is called when the question itself failed over a new connection.
        """
        was_kept = self._session is not None
        try:
            session = self.opened()
        except NotOpenedError as error:
            self._back_off(error.words, hopeless=error.hopeless)
            return otherwise
        try:
            session.allow(seconds or self._limits.command)
            answer = question(session)
        except TROUBLE as error:
            self.hang_up()
            if was_kept:
                return self.ask(question, otherwise, seconds=seconds, blame=blame)
            self._back_off(f"the connection broke ({type(error).__name__})")
            if blame is not None:
                blame()
            return otherwise
        self._failures = 0
        return answer

    def opened(self) -> ImapSession:
        if self._session is None:
            if monotonic() < self._not_before:
                raise NotOpenedError("")
            self._session = open_session(self._place, self._context, self._limits.opening)
            log.info("inbound mailbox is open")
        return self._session

    def _back_off(self, words: str, *, hopeless: bool = False) -> None:
        """Try no sooner than after a while."""
        if not words:
            return  # still resting
        self._failures += 1
        wait = min(self._limits.back_off * 2 ** min(self._failures - 1, 16), self._limits.longest)
        self._not_before = monotonic() + (self._limits.hopeless if hopeless else wait)
        log.warning("inbound mailbox cannot be read: %s", words, extra={"failures": self._failures})

    def hang_up(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
