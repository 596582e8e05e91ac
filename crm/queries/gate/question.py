"""What the gate is asked about one person."""

from dataclasses import dataclass
from datetime import datetime

from crm.kernel.mail import MailKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this mail go to this person? Everything but the person and the kind only makes it sharper."""

    prospect_id: int
    kind: MailKind = MailKind.OUTREACH
    mailbox_id: int | None = None
    sequence_id: int | None = None
    enrolment_id: int | None = None
    """The enrolment that is being judged: it does not compete with itself."""

    enrolled_at: datetime | None = None
    """Answers since then end it."""

    message_id: int | None = None
    """The message that is being judged: it does not count against itself."""

    acknowledgement: bool = False
    """The mail is an automatic acknowledgement, of which an address gets one a week (RFC 3834)."""
