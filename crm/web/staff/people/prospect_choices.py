"""Sequences that somebody can be enrolled in, as pages offer them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.sequences.models import Sequence, SequenceVersion


def enrol_choices(session: Session) -> list[tuple[int, str]]:
    """Published sequences by name; paused ones too, they only wait."""
    query = select(Sequence.id, Sequence.name).where(
        Sequence.id.in_(select(SequenceVersion.sequence_id)), Sequence.archived_at.is_(None)
    )
    return list(session.execute(query.order_by(Sequence.name)))
