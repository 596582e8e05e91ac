"""Where active enrolments are, and moving them to another version."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared, one_of
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, EnrolmentState

_e = Enrolment.metadata.tables["enrolments"].c


class Place(NamedTuple):
    """Where somebody is."""

    id: int
    prospect_id: int
    version_id: int
    position: int
    state: EnrolmentState
    next_due_at: datetime | None


class Move(NamedTuple):
    """Where somebody goes on."""

    was: Place
    position: int
    next_due_at: datetime | None


_PLACES = Prepared(
    select(_e.id, _e.prospect_id, _e.version_id, _e.position, _e.state, _e.next_due_at)
    .where(one_of(_e.id, "ids"))
    .order_by(_e.id)
    .with_for_update(key_share=True)
)
_MOVE = Prepared(
    update(Enrolment.metadata.tables["enrolments"])
    .where(
        _e.id == bindparam("enrolment"),
        _e.version_id == bindparam("seen_version"),
        _e.position == bindparam("seen_position"),
        _e.state == bindparam("seen_state"),
    )
    .values(
        version_id=bindparam("version"),
        position=bindparam("place"),
        next_due_at=bindparam("then"),
        tried_as=None,
        changed_at=bindparam("now"),
    )
)


def to_move(
    session: Session, sequence_id: int, version_id: int, *, after: int, up_to: int, most: int
) -> list[int]:
    """Active enrolments in another version of a sequence, by id."""
    query = (
        select(_e.id)
        .where(
            _e.sequence_id == sequence_id,
            _e.state.in_(ACTIVE),
            _e.version_id != version_id,
            _e.id > after,
            _e.id <= up_to,
        )
        .order_by(_e.id)
        .limit(most)
    )
    return list(session.scalars(query))


def places(session: Session, enrolment_ids: Collection[int]) -> list[Place]:
    """Where these are; locked, so that no planner writes for them in the meantime."""
    return [Place._make(row) for row in _PLACES.rows(session, ids=list(enrolment_ids))]


def move(session: Session, moves: Sequence[Move], version_id: int, *, at: datetime) -> int:
    """Move each, only from the place that was seen; how many."""
    return _MOVE.many(
        session,
        [
            {
                "enrolment": one.was.id,
                "seen_version": one.was.version_id,
                "seen_position": one.was.position,
                "seen_state": one.was.state,
                "version": version_id,
                "place": one.position,
                "then": one.next_due_at,
                "now": at,
            }
            for one in moves
        ],
    )
