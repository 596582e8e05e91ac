"""What an SMTP answer says about a message; the table stands in `smtp_transaction`.

A definite no has two kinds. About this message or its recipient: rejected, and the next one goes. About us
(not logged in, no relaying, a sender or a domain that proves nothing): the next message would get the same
answer, and people would be given up one by one for a fault of ours. So it is not sent, and the mailbox
pauses.
"""

import re
from typing import Final

from crm.adapters.smtp_line import GarbageError, Reply
from crm.adapters.wire import masked
from crm.delivery.ports import Accepted, Envelope, NotSent, NotSentReason, Outcome, Rejected, Uncertain

_QUEUED_AS: Final = re.compile(r"queued as ([0-9A-Za-z._-]{1,64})", re.IGNORECASE)
_NOT_LOGGED_IN: Final = frozenset({530, 535, 538})  # RFC 4954 §6
_TOO_LARGE: Final = re.compile(r"552\b|55\d 5\.(?:2\.3|3\.4)\b")
# RFC 7372, RFC 7505 and what large providers answer to a sender whose SPF, DKIM, DMARC or reverse name fails.
_OUR_PROOF: Final = re.compile(r"5\d\d (?:5\.1\.[78]|5\.7\.(?:8|9|11|2[0-79]|515))$")
_OUR_PLACE: Final = re.compile(
    r"\brelay(?:ing)?(?: access)?(?: is| was)? (?:denied|prohibited|not (?:allowed|permitted))"
    r"|\b(?:unable|not (?:allowed|permitted)) to relay\b|\bnot (?:allowed|permitted) relay"
    r"|\bauthenticat(?:e first|ion(?: is)? required)\b|\bmust (?:first )?authenticate\b",
    re.IGNORECASE,
)
_OURS: Final = NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)


def before_body(command: str, reply: Reply, envelope: Envelope) -> Outcome | None:
    """What an answer to RSET, MAIL, RCPT or DATA means when it is a no; None when it is a yes.

    Raises:
        GarbageError: it is neither.
    """
    if reply.code == 354 if command == "DATA" else reply.accepted:
        return None
    if reply.temporary:
        # "Relay access denied" stays so, also where a relay calls it temporary (Postfix in its defaults).
        return _OURS if _OUR_PLACE.search(reply.text) else NotSent(NotSentReason.DEFERRED)
    if reply.code in _NOT_LOGGED_IN:
        return NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)
    if reply.code < 500 or command == "RSET":
        raise GarbageError("out_of_turn")
    if command.startswith("MAIL") and not _TOO_LARGE.match(reply.label):
        return _OURS
    return _definite(reply, envelope)


def after_body(reply: Reply, envelope: Envelope) -> Outcome:
    """What the answer to a whole message means."""
    if reply.accepted:
        queued = _QUEUED_AS.search(reply.text)
        return Accepted(queued[1] if queued else None)
    if reply.closing:
        return Uncertain("answer_421")
    if reply.temporary:
        return NotSent(NotSentReason.DEFERRED)
    if reply.code >= 500:
        return _definite(reply, envelope)
    return Uncertain("unreadable_answer")


def _definite(reply: Reply, envelope: Envelope) -> Outcome:
    if _OUR_PROOF.match(reply.label) or _OUR_PLACE.search(reply.text):
        return _OURS
    return Rejected(reply.label, masked(reply.text, envelope))
