"""Enrolments are locked by their numbers, by everybody: two who lock several never wait in a circle."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crm.sequences.models import Enrolment

_e = Enrolment.metadata.tables["enrolments"].c


def lock(session: Session, enrolment_ids: Collection[int]) -> None:
    """Lock these before they are changed one after another."""
    if len(enrolment_ids) > 1:
        lock_where(session, _e.id.in_(enrolment_ids))


def lock_where(session: Session, *where: ColumnElement[bool]) -> None:
    """Lock what a statement is going to change; it would take the rows in any order.

    SQLite has one writer at a time. A row that refers to an enrolment may still be added meanwhile.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(_e.id).where(*where).order_by(_e.id).with_for_update(key_share=True)).all()
