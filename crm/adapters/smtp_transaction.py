"""One message over an open SMTP session, and what each answer means for it.

| where | 4xx | 5xx | broken, late, garbage |
|---|---|---|---|
| MAIL | later | our sender is refused: pause | later |
| RCPT, DATA | later | rejected | later |
| after the body | later; 421: uncertain | rejected | **uncertain** |

421 after the body is the connection's end, not an answer to the message: proxies send it when they lose the
server to which they have passed the body already.
"""

import re
from typing import NamedTuple

from crm.adapters.smtp_line import GarbageError, Reply, stuffed
from crm.adapters.smtp_session import Session
from crm.adapters.sockets import Deadline
from crm.adapters.wire import masked
from crm.delivery.ports import Accepted, Envelope, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel import faults

_QUEUED_AS = re.compile(r"queued as ([0-9A-Za-z._-]{1,64})", re.IGNORECASE)


class Verdict(NamedTuple):
    """What became of a message, and of the connection."""

    outcome: Outcome
    closing: bool = False
    """The connection is of no more use."""
    offered: bool = False
    """The next envelope is with the server already."""


def offer(session: Session, envelope: Envelope, deadline: Deadline) -> None:
    """Put the whole envelope to a server that takes commands in a group; else leave it to `settle`."""
    if session.pipelining:
        session.line.write(_group(session, envelope), deadline)


def settle(session: Session, envelope: Envelope, deadline: Deadline) -> Verdict | None:
    """Hear whether the server wants the body: None when it waits for it.

    Raises:
        OSError: the connection is of no more use; no byte of the body has left.
    """
    refusal: Outcome | None = None
    for command in _commands(session, envelope):
        if refusal is not None and not session.pipelining:
            break
        reply = session.line.reply(deadline) if session.pipelining else session.line.ask(command, deadline)
        refusal = refusal or _refusal(command, reply, envelope)
        if reply.closing:
            return Verdict(refusal or NotSent(NotSentReason.DEFERRED), closing=True)
        if refusal is not None and reply.code == 354:
            # It waits for a message to nobody (RFC 2920 §3.1): end it with nothing in it.
            session.line.write(b".\r\n", deadline)
            session.line.reply(deadline)
    session.unsettled = refusal is not None
    if refusal is not None:
        return Verdict(refusal)
    session.line.demand_silence()
    return None


def hand_over(
    session: Session, envelope: Envelope, following: Envelope | None, deadline: Deadline
) -> Verdict:
    """Send the body, with it the next envelope, and hear what became of it."""
    data = stuffed(envelope.wire) + (_group(session, following) if following else b"")
    session.messages += 1
    faults.point("transport.before_body")
    try:
        session.line.write(data, deadline)
        faults.point("transport.after_body")
        reply = session.line.reply(deadline)
    except TimeoutError:
        return Verdict(Uncertain("timed_out"), closing=True)
    except GarbageError:
        return Verdict(Uncertain("unreadable_answer"), closing=True)
    except OSError:
        return Verdict(Uncertain("connection_lost"), closing=True)
    faults.point("transport.after_response")
    outcome = _judgement(reply, envelope)
    return Verdict(outcome, closing=isinstance(outcome, Uncertain), offered=following is not None)


def _commands(session: Session, envelope: Envelope) -> list[str]:
    reset = ["RSET"] if session.unsettled else []
    return [*reset, f"MAIL FROM:<{envelope.sender}>", f"RCPT TO:<{envelope.recipient}>", "DATA"]


def _group(session: Session, envelope: Envelope) -> bytes:
    return "\r\n".join([*_commands(session, envelope), ""]).encode("ascii")


def _refusal(command: str, reply: Reply, envelope: Envelope) -> Outcome | None:
    """What an answer before the body means when it is a no."""
    if reply.code == 354 if command == "DATA" else reply.accepted:
        return None
    if reply.temporary:
        return NotSent(NotSentReason.DEFERRED)
    if reply.code == 530:
        return NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)
    if reply.code < 500 or command == "RSET":
        raise GarbageError("out_of_turn")
    if command.startswith("MAIL"):
        return NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)
    return Rejected(reply.label, masked(reply.text, envelope))


def _judgement(reply: Reply, envelope: Envelope) -> Outcome:
    """What the answer to a whole message means."""
    if reply.accepted:
        queued = _QUEUED_AS.search(reply.text)
        return Accepted(queued[1] if queued else None)
    if reply.closing:
        return Uncertain("answer_421")
    if reply.temporary:
        return NotSent(NotSentReason.DEFERRED)
    if reply.code >= 500:
        return Rejected(reply.label, masked(reply.text, envelope))
    return Uncertain("unreadable_answer")
