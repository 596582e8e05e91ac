"""Delete one person's rows from every table that has some, by the inventory (D11)."""

from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.kernel.inventory import OnErase
from crm.queries.keeping import inventory
from crm.queries.keeping.inventory import Entry, Subject


def forget_rows(session: Session, subject: Subject) -> dict[str, int]:
    """Remove or blank what is about the person, and what they shared with nobody else.

    Returns:
        Rows by table, of those that had any.
    """
    shared = {one.table.name: _shared_ids(session, one, subject) for one in inventory.shared()}
    # Counted before the first deletion: the database takes the rows below along with those above.
    gone = {one.table.name: _number(session, one, subject) for one in inventory.of_person()}
    for one in reversed(inventory.of_person()):
        if one.on_erase is OnErase.DELETE:
            session.execute(delete(one.table).where(inventory.rows_about(one, subject)))
        elif one.on_erase is OnErase.BLANK:
            _blank(session, one, subject)
    for one in inventory.shared():
        left = delete(one.table).where(inventory.unreferred(one, shared[one.table.name]))
        gone[one.table.name] = session.execute(left).rowcount  # type: ignore[attr-defined] # a DELETE has one
    return {name: number for name, number in gone.items() if number}


def _number(session: Session, one: Entry, subject: Subject) -> int:
    if one.on_erase is OnErase.KEEP:
        return 0
    return (
        session.scalar(select(func.count()).select_from(one.table).where(inventory.rows_about(one, subject)))
        or 0
    )


def _shared_ids(session: Session, one: Entry, subject: Subject) -> list[int]:
    """The shared rows that this person's rows refer to."""
    found: set[int] = set()
    for column in inventory.references_to(one):
        owner = inventory.entry(column.table.name)
        if owner.paths:
            query = select(column).where(inventory.rows_about(owner, subject), column.is_not(None))
            found.update(session.scalars(query))
    return sorted(found)


def _blank(session: Session, one: Entry, subject: Subject) -> None:
    """Empty the columns that ask for it; what cannot be empty becomes the emptiest value of its type."""
    values: dict[str, Any] = {}
    for name in one.subject_columns:
        column = one.table.c[name]
        if one.columns[name].on_erase is OnErase.BLANK:
            values[name] = None if column.nullable else column.type.python_type()
    session.execute(update(one.table).where(inventory.rows_about(one, subject)).values(values))
