"""Nothing of a claim can be judged: few messages are to blame all the same, many are not (decision 0009)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery import crashes
from crm.delivery.models import Message, MessageState
from crm.delivery.ports import BATCH_LIMIT
from crm.kernel.db import Database
from crm.operations import alarms
from crm.operations.alarms import GATE
from crm.queries.sending.leaving import EVERYTHING
from crm.workflows.sending.lay_aside import after_errors, put_off


def ours_or_theirs(
    database: Database, claim_id: str, ids: Sequence[int], errors: Mapping[int, Exception], *, now: datetime
) -> None:
    """Count the errors of a claim of which nothing can be judged, or raise the alarm; put the rest off."""
    with database.reading() as session:
        ours = _is_ours(session, ids)
    if not ours:
        after_errors(database, claim_id, errors, now=now)
    put_off(database, claim_id, ids, now=now)
    if ours:
        alarm(database, GATE, next(iter(errors.values())), now=now)


def alarm(database: Database, kind: str, error: Exception, *, now: datetime) -> None:
    """Say on Today that the program fails over everything; once, until it is over."""
    with database.transaction() as session:
        alarms.sound(session, kind, str(EVERYTHING), detail={"error": type(error).__name__}, at=now)


def all_is_well(database: Database, kind: str = GATE, *, now: datetime) -> None:
    """Something could be judged, and has left; or was planned."""
    with database.reading() as session:
        stands = alarms.stands(session, str(EVERYTHING), kind=kind)
    if stands:
        with database.transaction() as session:
            alarms.resolve(session, str(EVERYTHING), kind=kind, by=None, at=now)


def _is_ours(session: Session, ids: Sequence[int]) -> bool:
    """Tell whether more than a handful cannot be judged: these, or with others before, and none left."""
    if len(ids) > BATCH_LIMIT or alarms.stands(session, str(EVERYTHING), kind=GATE):
        return True
    raised = Message.outcome.startswith(f"{crashes.RAISED} ")
    earlier = select(func.count(), func.min(Message.changed_at)).where(
        Message.state == MessageState.DUE, raised, Message.id.not_in(ids)
    )
    number, since = session.execute(earlier).one()
    if len(ids) + number <= BATCH_LIMIT:
        return False
    return session.scalar(select(Message.id).where(Message.sent_at >= since).limit(1)) is None
