"""The mailer that speaks SMTP to a relay, over one kept connection.

Where the server announces PIPELINING, an envelope is one write, and the end of a message travels with the
next envelope: one round trip a message (RFC 2920 §3.1). See `docs/decisions/0002-smtp-client.md`.
"""

import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from crm.adapters.smtp_session import NotOpenedError, Relay, Session, TlsMode, open_session
from crm.adapters.smtp_transaction import Verdict, hand_over, offer, settle
from crm.adapters.sockets import Deadline
from crm.adapters.wire import check_batch, fault_of
from crm.delivery.ports import Envelope, NotSent, NotSentReason, Outcome, RelayLook, Uncertain
from crm.kernel import faults

_TROUBLE = defaultdict(
    lambda: "takes no mail from us",
    {
        NotSentReason.UNREACHABLE: "does not answer, or does not speak SMTP",
        NotSentReason.TLS_FAILED: "offers no TLS, or its certificate does not prove its name",
        NotSentReason.LOGIN_REFUSED: "refuses CRM_SMTP_USER and its password, or knows no way to log in",
        NotSentReason.DEFERRED: "is too busy now; try again",
    },
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a relay may keep us; seconds."""

    batch: float = 28.0
    opening: float = 10.0
    message: float = 18.0
    answer: float = 8.0
    """No body is begun with less than this left for its answer: being late is better than being in doubt."""
    messages_a_session: int = 100
    """Some relays close a connection after so many."""


class _Batch:
    """What is left to do, and what became of the rest."""

    def __init__(self, batch: Sequence[Envelope], deadline: Deadline) -> None:
        self.deadline = deadline
        self._outcomes: dict[int, Outcome] = {}
        self._todo: deque[tuple[int, Envelope]] = deque()
        for place, envelope in enumerate(batch):
            fault = fault_of(envelope)
            if fault:
                self._outcomes[place] = fault
            else:
                self._todo.append((place, envelope))

    def __bool__(self) -> bool:
        """Tell whether something is left to do."""
        return bool(self._todo)

    @property
    def first(self) -> Envelope:
        return self._todo[0][1]

    @property
    def second(self) -> Envelope | None:
        return self._todo[1][1] if len(self._todo) > 1 else None

    def resolve(self, outcome: Outcome) -> None:
        """The first message has its answer."""
        self._outcomes[self._todo.popleft()[0]] = outcome

    def give_up(self, outcome: NotSent) -> None:
        """Nothing more is tried in this batch."""
        while self._todo:
            self.resolve(outcome)

    def result(self) -> list[Outcome]:
        return [outcome for _, outcome in sorted(self._outcomes.items(), key=lambda item: item[0])]


class SmtpMailer:
    """Hands messages to one relay. Threads take turns: more throughput is more processes."""

    def __init__(
        self, relay: Relay, *, context: ssl.SSLContext | None = None, limits: Limits | None = None
    ) -> None:
        self._relay = relay
        self._context = context or (None if relay.tls is TlsMode.NONE else ssl.create_default_context())
        self._limits = limits or Limits()
        self._session: Session | None = None
        self._turn = threading.Lock()

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """See `crm.delivery.ports.Mailer`."""
        check_batch(batch)
        work = _Batch(batch, Deadline.after(self._limits.batch))
        if self._turn.acquire(timeout=self._limits.batch - self._limits.answer):
            try:
                self._send(work)
            finally:
                self._turn.release()
        work.give_up(NotSent(NotSentReason.OUT_OF_TIME))
        return work.result()

    def look(self) -> RelayLook:
        """See `crm.delivery.ports.RelayCheck`; over a connection of its own."""
        relay, deadline = self._relay, Deadline.after(self._limits.opening)
        where = f"{relay.host} port {relay.port}"
        try:
            session = open_session(relay, self._context, deadline)
        except NotOpenedError as error:
            return RelayLook(works=False, words=f"{where} {_TROUBLE[error.outcome.reason]}")
        reports = "reports failures by our name for the message" if session.extras.reports else "knows no DSN"
        session.leave()
        login = "logged in" if relay.username is not None else "no login"
        return RelayLook(works=True, words=f"{where}, TLS {relay.tls.value}, {login}; {reports}")

    def close(self) -> None:
        """Say goodbye to the relay."""
        with self._turn:
            if self._session is not None:
                self._session.leave()
                self._session = None

    def _send(self, work: _Batch) -> None:
        while work:
            try:
                session = self._take_session(work.deadline)
            except NotOpenedError as error:
                work.give_up(error.outcome)
                return
            usable = False
            try:
                usable = self._converse(session, work)
            finally:
                if usable:
                    self._session = session
                else:
                    session.close()

    def _take_session(self, deadline: Deadline) -> Session:
        """The kept conversation, if it is still good, or a new one."""
        session, self._session = self._session, None
        if session is not None:
            if session.messages < self._limits.messages_a_session and session.line.connection.is_quiet():
                return session
            session.close()
        faults.point("transport.before_connect")
        session = open_session(self._relay, self._context, deadline.within(self._limits.opening))
        faults.point("transport.after_connect")
        return session

    def _converse(self, session: Session, work: _Batch) -> bool:
        """Send what is left to do; tell whether the conversation can go on another time.

        Returns with work undone only when a conversation that had carried messages broke between two.
        """
        offered = False
        while work:
            if not work.deadline.has(self._limits.answer):
                work.give_up(NotSent(NotSentReason.OUT_OF_TIME))
                break
            verdict = self._attempt(session, work, offered=offered)
            if verdict is None:
                return False
            work.resolve(verdict.outcome)
            _stop_early(work, verdict, fresh=session.messages == 0)
            if verdict.closing:
                return False
            offered = verdict.offered
        return not offered

    def _attempt(self, session: Session, work: _Batch, *, offered: bool) -> Verdict | None:
        """Hand over the first message; None when a kept connection turned out dead before its body."""
        envelope = work.first
        deadline = work.deadline.within(self._limits.message)
        try:
            if not offered:
                offer(session, envelope, deadline)
            refusal = settle(session, envelope, deadline)
        except OSError as error:
            if isinstance(error, ConnectionError) and session.messages:
                return None
            return Verdict(NotSent(NotSentReason.UNREACHABLE), closing=True)
        if refusal is not None:
            return refusal
        if not deadline.has(self._limits.answer):
            return Verdict(NotSent(NotSentReason.OUT_OF_TIME), closing=True)
        return hand_over(session, envelope, work.second if session.pipelining else None, deadline)


def _stop_early(work: _Batch, verdict: Verdict, *, fresh: bool) -> None:
    """Spare a relay in trouble the rest of the batch, and the rest of the batch the doubt."""
    outcome = verdict.outcome
    if isinstance(outcome, Uncertain):
        work.give_up(NotSent(NotSentReason.UNREACHABLE))
    elif isinstance(outcome, NotSent) and (outcome.pause_mailbox or (verdict.closing and fresh)):
        work.give_up(outcome)
