"""What became of an inbound mail is noted in its row."""

from datetime import datetime

from crm.kernel.digests import AddressDigest
from crm.queries.inbox.correspondence import Match
from crm.replies.models import InboundMail, InboundState
from crm.replies.reading import ReadMail
from crm.replies.verdicts import MailKind, Sub, Verdict


def note(
    row: InboundMail,
    mail: ReadMail,
    found: Match,
    verdict: Verdict,
    sender: AddressDigest | None,
    now: datetime,
) -> None:
    """What it is, whose it is, and what they wrote."""
    broken = verdict.kind is MailKind.UNCLEAR and verdict.sub is Sub.BROKEN
    row.state = InboundState.QUARANTINED if broken else InboundState.UNDERSTOOD
    row.kind = verdict.kind.value
    row.sub = "" if verdict.sub is Sub.NONE else verdict.sub.value
    row.until = verdict.until
    row.evidence = " ".join(verdict.evidence)[:200]
    row.prospect_id = found.prospect_id
    row.message_id = found.message.id if found.message is not None else None
    row.matched_by = found.by
    row.sender_digest = sender
    row.subject_line = mail.subject
    row.text = mail.text[:50_000]
    row.message_header = f"<{mail.message_id}>" if mail.message_id else ""
    row.understood_at = now
    row.in_hand_until = None


def note_unread(row: InboundMail, verdict: Verdict, now: datetime) -> None:
    """That nothing could be made of it, not even whose it is."""
    row.state = InboundState.QUARANTINED
    row.kind, row.sub = verdict.kind.value, verdict.sub.value
    row.evidence = " ".join(verdict.evidence)
    row.understood_at = now
    row.in_hand_until = None
