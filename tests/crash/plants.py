"""Faults planted on purpose: each takes one part of the protocol out. A test that stays green is none."""

import enum
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from crm.delivery import claims
from crm.delivery.claims import Claim
from crm.kernel.db import Database
from crm.queries.sending.outgoing import in_hand
from crm.workflows.sending import dispatch as dispatching
from crm.workflows.sending.ask_again import Moment
from crm.workflows.sending.dispatch import Dispatched, PostRoom, dispatch
from crm.workflows.sending.judge import Leaving

Dispatch = Callable[[PostRoom, int], Dispatched]


class Plant(enum.StrEnum):
    NONE = "none"
    NO_CLAIM_COMMIT = "no_claim_commit"
    NO_GATE = "no_gate"
    NO_UNIQUE_KEY = "no_unique_key"


def dispatch_of(plant: Plant) -> Dispatch:
    """How a worker sends under this fault."""
    if plant is Plant.NO_GATE:
        setattr(dispatching, "ask_again", _mark_without_asking)  # noqa: B010 - it is not the module's own
    return _without_commits if plant is Plant.NO_CLAIM_COMMIT else _sound


def _sound(room: PostRoom, limit: int) -> Dispatched:
    return dispatch(room, limit=limit)


def _mark_without_asking(
    session: Session, ids: Sequence[int], claim: Claim, *, now: Moment, settings: Any, look: Any
) -> list[Leaving]:
    found = in_hand(session, ids, claim.id)
    known = [one.id for one in found]
    marked = claims.mark_sending(session, known, claim.id, real_now=now.real, now=now.calendar)
    return [Leaving(one, None) for one in found if one.id in set(marked)]


class OneTransaction(Database):
    """Everything in the caller's transaction: nothing is on the disk before the mail has left."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        yield self._session

    reading = transaction


def _without_commits(room: PostRoom, limit: int) -> Dispatched:
    with room.database.transaction() as session:
        return dispatch(replace(room, database=OneTransaction(session)), limit=limit)


def drop_unique_key(database: Database) -> None:
    """Take away what keeps a step from being queued twice. The table is still empty."""
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(
                "ALTER TABLE messages DROP CONSTRAINT uq_messages_enrolment_id_step_id"
            )
            return
        query = "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'messages' AND sql IS NOT NULL"
        found = connection.exec_driver_sql(query).all()
        connection.exec_driver_sql("DROP TABLE messages")
        key = ", \n\tCONSTRAINT uq_messages_enrolment_id_step_id UNIQUE (enrolment_id, step_id)"
        for kind, sql in sorted(found, key=lambda row: row[0] != "table"):
            assert kind != "table" or key in sql
            connection.exec_driver_sql(sql.replace(key, ""))
