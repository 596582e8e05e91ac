"""Take planned steps back, because what they should say has changed: the planner makes them again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_
from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.sequences import enrolments
from crm.sequences.models import Enrolment


def unplan(
    session: Session,
    *,
    prospect_ids: Collection[int] = (),
    enrolment_ids: Collection[int] = (),
    at: datetime,
) -> int:
    """Remove what still waits in the outbox for these people or enrolments; how many messages.

    For edits, merges and objections to measuring. What a planner has read of them but not written yet is
    void as well. What a worker holds leaves as it is: a claimed message never changes. Steps keep their
    moment; the gate is asked again when they are made anew. Those that were held for a colleague come up now
    at the earliest: they are late by our reading, not by a standstill.
    """
    enrolments.revise(session, or_(Enrolment.prospect_id.in_(prospect_ids), Enrolment.id.in_(enrolment_ids)))
    gone = outbox.take_back(session, prospect_ids=prospect_ids, enrolment_ids=enrolment_ids)
    enrolments.wait_until(session, {one.enrolment_id: one.due_again(at) for one in gone})
    return len(gone)
