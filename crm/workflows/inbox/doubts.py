"""What might be a no holds somebody's sequences until a person has looked."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.sequences import pauses
from crm.sequences.models import StopReason

ANSWER: Final = "answer"
"""Beside the reason of a pause: what waits is a mail on Today."""


def hold_in_doubt(session: Session, prospect_id: int, *, now: datetime) -> None:
    """Hold them; what is planned is taken back, and made again when they go on."""
    held = pauses.pause_all(session, [prospect_id], StopReason.IN_DOUBT, at=now, detail=ANSWER)
    outbox.take_back(session, enrolment_ids=held)
