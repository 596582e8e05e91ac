"""Everything we hold about one person, for them (P30, P34): generated from the inventory (D11)."""

import base64
import enum
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.kernel.controller import Controller
from crm.kernel.digests import AddressKeys
from crm.kernel.faults import point
from crm.privacy import register
from crm.queries.inbox import person
from crm.queries.inbox.person import Key, Person
from crm.queries.keeping import inventory
from crm.queries.keeping.inventory import Entry, Subject

FORMAT: Final = "produfoto-outreach-person/1"
"""The shape of the export; `docs/data.md` says what each column is."""

RIGHTS: Final = (
    "access", "rectification", "erasure", "restriction", "portability", "objection",
    "complaint to the Autoriteit Persoonsgegevens",
)  # fmt: skip

RECIPIENTS: Final = (
    "e-mail infrastructure provider, to deliver our messages",
    "the image service of the same company, once you asked for a sign-up link",
)
"""Who else is told something (P28, article 15(1)(c))."""


@dataclass(frozen=True, slots=True)
class House:
    """Who answers, and for how long what is kept."""

    ring: AddressKeys
    controller: Controller
    retention_months: int


def export_person(
    session: Session, house: House, key: Key, *, at: datetime, by: chain.Actor = chain.PERSON
) -> dict[str, Any]:
    """Collect the person's copy. Audited; nothing of it is kept here.

    Only the mailbox itself is shown, not other spellings of it. Colleagues are left out: they are other
    persons. An unknown mailbox gets an export that says so, with what the register holds.

    Returns:
        Values that JSON knows.
    """
    found = person.find(session, house.ring, [key])
    subject = person.subject_of(session, house.ring, found)
    tables = [_table(session, one, subject) for one in inventory.of_person()]
    tables += [_shared(session, one, subject) for one in inventory.shared()]
    kept = [table for table in tables if table["rows"]]
    rows = sum(len(table["rows"]) for table in kept)
    point("export.mid")
    chain.append(session, actor=by, action="export.person", detail={"rows": rows}, at=at)
    return {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "controller": {
            "name": house.controller.name,
            "register_number": house.controller.kvk,
            "vat_number": house.controller.vat,
            "location": house.controller.location,
            "email": house.controller.email,
        },
        "retention_months": house.retention_months,
        "recipients": list(RECIPIENTS),
        "rights": list(RIGHTS),
        "refusals": _refusals(session, found),
        "tables": kept,
    }


def _table(session: Session, one: Entry, subject: Subject) -> dict[str, Any]:
    columns = [name for name in one.columns if name in one.subject_columns]
    query = select(*(one.table.c[name] for name in columns)).where(inventory.rows_about(one, subject))
    return _described(one, columns, [list(row) for row in session.execute(query)])


def _shared(session: Session, one: Entry, subject: Subject) -> dict[str, Any]:
    """Rows they share with others (their company), as far as one of their own rows refers to them."""
    ids: set[int] = set()
    for column in inventory.references_to(one):
        owner = inventory.entry(column.table.name)
        if owner.paths:
            ids.update(session.scalars(select(column).where(inventory.rows_about(owner, subject))))
    columns = one.subject_columns
    query = select(*(one.table.c[name] for name in columns)).where(one.table.c.id.in_(ids))
    return _described(one, columns, [list(row) for row in session.execute(query)])


def _described(one: Entry, columns: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {
        "name": one.table.name,
        "what": one.about,
        "columns": {name: one.columns[name].purpose for name in columns},
        "rows": [{name: _plain(value) for name, value in zip(columns, row, strict=True)} for row in rows],
    }


def _refusals(session: Session, found: Person) -> list[dict[str, Any]]:
    return [
        {
            "reference": one.reference,
            "reach": one.scope.value,
            "reason": one.reason.value,
            "since": one.refused_at.isoformat(),
            "until": one.until.isoformat() if one.until else None,
        }
        for one in register.standing(session, found.digests)
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column's value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode("ascii")}
    return value
