"""Enrolments are locked by their numbers, by everybody: two who lock several never wait in a circle.

Whoever changes messages too takes the enrolments first: a planner holds them while the messages' unique key
makes it wait for whoever has one of its steps in hand.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crm.sequences.models import Enrolment

_e = Enrolment.metadata.tables["enrolments"].c


BLOCK: Final = 500
"""Enrolments named in one statement."""


def blocks(enrolment_ids: Iterable[int]) -> Iterator[list[int]]:
    """Many, in parts that are changed one after the other: in the order of their numbers over all parts.

    Each part is locked in that order by itself; two who take the parts in another one wait in a circle.
    """
    ids = sorted(enrolment_ids)
    for start in range(0, len(ids), BLOCK):
        yield ids[start : start + BLOCK]


def lock(session: Session, enrolment_ids: Collection[int]) -> None:
    """Lock these before they, or messages of theirs, are changed one after another."""
    if enrolment_ids:
        lock_where(session, _e.id.in_(enrolment_ids))


def lock_where(session: Session, *where: ColumnElement[bool]) -> None:
    """Lock what a statement is going to change; it would take the rows in any order.

    SQLite has one writer at a time. A row that refers to an enrolment may still be added meanwhile.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(_e.id).where(*where).order_by(_e.id).with_for_update(key_share=True)).all()


def lock_of(session: Session, prospect_ids: Collection[int]) -> None:
    """Lock what these people are on their way through, before anything of the people themselves is changed.

    Whoever writes down that a mail left has the enrolment in hand, and notes it of the person.
    """
    if prospect_ids:
        lock_where(session, _e.prospect_id.in_(prospect_ids))


def lock_free(session: Session, enrolment_ids: Collection[int]) -> set[int]:
    """Lock those of these that nobody else has in hand; for whoever holds messages and must not wait."""
    if not enrolment_ids or session.get_bind().dialect.name != "postgresql":
        return set(enrolment_ids)
    free = select(_e.id).where(_e.id.in_(enrolment_ids)).order_by(_e.id)
    return set(session.scalars(free.with_for_update(key_share=True, skip_locked=True)))
