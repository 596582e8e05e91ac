"""One message over an open SMTP session, and what each answer means for it.

| where | 4xx | 5xx | broken, late, garbage |
|---|---|---|---|
| MAIL | later | too large: rejected; else our sender is refused: pause | later |
| RCPT, DATA | later | about us: pause; else rejected | later |
| after the body | later; 421: uncertain | about us: pause; else rejected | **uncertain** |

421 after the body is the connection's end, not an answer to the message: proxies send it when they lose the
server to which they have passed the body already. A no is about us when the next message would get it as well
(`smtp_answers`).
"""

from typing import NamedTuple

from crm.adapters.smtp_answers import after_body, before_body
from crm.adapters.smtp_envelope import Extras, mail_from, rcpt_to
from crm.adapters.smtp_line import GarbageError, stuffed
from crm.adapters.smtp_session import Session
from crm.adapters.sockets import Deadline
from crm.delivery.ports import Envelope, NotSent, NotSentReason, Outcome, Uncertain
from crm.kernel import faults

_UNKNOWN_PARAMETER = {501, 504, 555}  # RFC 5321 §4.1.1.11, and what servers say instead


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

    A server that announced what it then does not know (a proxy in front of another kind, say) is asked once
    more without.

    Raises:
        OSError: the connection is of no more use; no byte of the body has left.
    """
    extras = session.extras
    verdict = _settle(session, envelope, deadline)
    if verdict is None or verdict.closing or session.extras == extras:
        return verdict
    offer(session, envelope, deadline)
    return _settle(session, envelope, deadline)


def _settle(session: Session, envelope: Envelope, deadline: Deadline) -> Verdict | None:
    refusal: Outcome | None = None
    for command in _commands(session, envelope):
        if refusal is not None and not session.pipelining:
            break
        reply = session.line.reply(deadline) if session.pipelining else session.line.ask(command, deadline)
        refusal = refusal or before_body(command, reply, envelope)
        if reply.closing:
            return Verdict(refusal or NotSent(NotSentReason.DEFERRED), closing=True)
        if reply.code in _UNKNOWN_PARAMETER:
            session.extras = Extras()
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
    outcome = after_body(reply, envelope)
    return Verdict(outcome, closing=isinstance(outcome, Uncertain), offered=following is not None)


def _commands(session: Session, envelope: Envelope) -> list[str]:
    reset = ["RSET"] if session.unsettled else []
    return [*reset, mail_from(envelope, session.extras), rcpt_to(envelope, session.extras), "DATA"]


def _group(session: Session, envelope: Envelope) -> bytes:
    return "\r\n".join([*_commands(session, envelope), ""]).encode("ascii")
