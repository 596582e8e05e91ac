"""The inventory of every column (D11), read from the models, and the rows of one person found by it.

Export, erasure and `docs/data.md` walk this. Nothing here names a table: a new one is found because its
model declares the way to the person and what each column is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Table, exists, false, or_, select

from crm.audit import models as audit
from crm.conversations import models as conversations
from crm.delivery import event_models as delivery_events
from crm.delivery import models as delivery
from crm.domains import models as domains
from crm.handoff import models as handoff
from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import KEY, Declaration, OnErase, Path, Whose
from crm.operations import models as operations
from crm.operations import pause_ends
from crm.permission import models as permission
from crm.privacy import models as privacy
from crm.prospects import import_models as prospect_imports
from crm.prospects import models as prospects
from crm.prospects import second_addresses
from crm.replies import models as replies
from crm.sequences import edits as sequence_edits
from crm.sequences import models as sequences
from crm.staff import models as staff
from crm.tracking import models as tracking

ROOMS = (
    prospects, prospect_imports, second_addresses, conversations, sequences, sequence_edits, delivery,
    delivery_events, tracking, replies, handoff, permission, privacy, audit, domains, staff, operations,
    pause_ends,
)  # fmt: skip
"""Importing their models is what fills the registry."""

ROOT = "prospects"


@dataclass(frozen=True, slots=True)
class Subject:
    """One person by what our tables know of them: disclose and erase narrow (standards §3.8)."""

    prospect_ids: tuple[int, ...]
    digests: tuple[AddressDigest, ...]
    """Of the identity spelling alone: another spelling may be somebody else's mailbox."""

    domains: tuple[str, ...] = ()
    """Of their address and company, while nobody else is there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One table with everything it says about itself."""

    table: Table
    about: str
    """The first line of the model's docstring."""

    paths: tuple[Path, ...]
    """The ways to the person; none where it is about nobody, or shared."""

    columns: Mapping[str, Declaration]

    @property
    def subject_columns(self) -> list[str]:
        """The columns that hold a prospect's data."""
        return [name for name, said in self.columns.items() if said.whose is Whose.SUBJECT]

    @property
    def is_shared(self) -> bool:
        """Holds data of several people at once (a company): goes with the last of them."""
        return not self.paths and bool(self.subject_columns)

    @property
    def on_erase(self) -> OnErase:
        """What an erasure does to the person's rows: the strongest thing one of its columns asks for."""
        asked = {self.columns[name].on_erase for name in self.subject_columns}
        return next((act for act in (OnErase.DELETE, OnErase.BLANK) if act in asked), OnErase.KEEP)


@cache
def entries() -> tuple[Entry, ...]:
    """Every table, those that others refer to first.

    Raises:
        LookupError: a column without a declaration, or a table that does not say whom it is about.
    """
    models = {str(mapper.local_table): mapper.class_ for mapper in Base.registry.mappers}
    return tuple(_entry(table, models[table.name]) for table in Base.metadata.sorted_tables)


def entry(name: str) -> Entry:
    """The entry of one table.

    Raises:
        LookupError: there is no such table.
    """
    found = next((one for one in entries() if one.table.name == name), None)
    if found is None:
        raise LookupError(name)
    return found


def of_person() -> tuple[Entry, ...]:
    """The tables with rows about one person, those that others refer to first."""
    return tuple(one for one in entries() if one.paths)


def shared() -> tuple[Entry, ...]:
    """The tables whose rows several people may share."""
    return tuple(one for one in entries() if one.is_shared)


def rows_about(one: Entry, subject: Subject) -> ColumnElement[bool]:
    """The condition under which a row of this table is about the person."""
    ways = [_by(one.table.c[path.column], path, subject) for path in one.paths]
    return or_(false(), *ways)


def references_to(one: Entry) -> list[Column[Any]]:
    """The columns anywhere that refer to a row of this table."""
    return [
        column
        for other in entries()
        for column in other.table.columns
        for key in column.foreign_keys
        if key.column.table is one.table
    ]


def unreferred(one: Entry, ids: Iterable[int]) -> ColumnElement[bool]:
    """The condition for rows among `ids` that nothing refers to any more."""
    mine = one.table.c.id
    used = [exists(select(1).where(column == mine)) for column in references_to(one)]
    return mine.in_(list(ids)) & ~or_(false(), *used)


def _by(column: Column[Any], path: Path, subject: Subject) -> ColumnElement[bool]:
    if path.digest:
        return column.in_(subject.digests)
    if path.domain:
        return column.in_(subject.domains)
    if path.table == ROOT:
        return column.in_(subject.prospect_ids)
    onward = entry(path.table)
    return column.in_(select(onward.table.c.id).where(rows_about(onward, subject)))


def _entry(table: Table, model: type[Base]) -> Entry:
    if "__about__" not in vars(model):
        raise LookupError(f"{table.name} does not say whom it is about")
    silent = [column.name for column in table.columns if KEY not in column.info]
    if silent:
        raise LookupError(f"{table.name} has columns without a declaration: {', '.join(silent)}")
    about = model.__about__
    paths = () if about is None else about if isinstance(about, tuple) else (about,)
    columns = {column.name: cast("Declaration", column.info[KEY]) for column in table.columns}
    return Entry(table, (model.__doc__ or "").strip().partition("\n")[0], paths, columns)
