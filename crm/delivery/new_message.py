"""A mail as it is put into the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.kernel.digests import AddressDigest
from crm.kernel.mail import MailKind, TrackingMode


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A rendered mail on its way into the outbox."""

    public_id: str
    """`ids.new_public_id()`; its links and Message-ID are made from it, so it comes before the rendering."""

    kind: MailKind
    mailbox_id: int
    recipient: str
    """One address, its domain in A-label form."""

    address_digest: AddressDigest
    """`AddressKeys.digest` of it."""

    sender: str
    """Envelope sender: `PublicLinks.bounce_address`."""

    subject_line: str
    wire: bytes
    due_at: datetime
    late_from: datetime | None = None
    """The moment its lateness counts from, where that is not `due_at`: it waited for us."""

    prospect_id: int | None = None
    enrolment_id: int | None = None
    step_id: int | None = None
    variant_id: int | None = None
    """Which text of the step, where it has several."""

    dedupe_key: str | None = None
    """Names the cause of a message outside sequences, at most 64 characters: one cause makes one message."""

    pixel_id: str | None = None
    notice_version: str = ""
    first_contact: bool = False
    tracking: TrackingMode = TrackingMode.OFF
    decision: Mapping[str, Any] = field(default_factory=dict)
    """`permission.record` of the gate's answer (D2)."""

    held: bool = False
    """It waits for a person's approval."""
