"""Lists of prospects: filtered by index, searched by index, paged by key (D19)."""

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from crm.kernel.db import UTCDateTime
from crm.prospects.models import Prospect, Status
from crm.queries.pages import search

PAGE: Final = 50
COUNTED: Final = 1_000
"""Totals are counted up to here and shown as "1,000+" beyond: nobody reads the number."""


class View(enum.StrEnum):
    """A saved way of looking at the list."""

    ALL = "all"
    MINE = "mine"
    REPLIED = "replied"
    CONVERTED = "converted"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row a page begins after; `created_at` is left out while searching, which orders by id."""

    created_at: datetime | None
    id: int

    def __str__(self) -> str:
        return f"{self.created_at.isoformat() if self.created_at else ''}~{self.id}"

    @classmethod
    def parse(cls, written: str) -> Self | None:
        """Read a cursor from an address; None for anything that is none."""
        stamp, tilde, number = written.partition("~")
        try:
            at = datetime.fromisoformat(stamp) if stamp else None
            usable = bool(tilde) and (at is None or at.tzinfo is not None)
            return cls(at, int(number)) if usable and abs(int(number)) < 2**31 else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows; the whole of it stands in the page's address."""

    view: View = View.ALL
    words: str = ""
    status: Status | None = None
    country: str = ""
    owner_id: int | None = None
    in_notes: bool = False
    """Look for the words in what was noted, not in names, companies and addresses."""

    @property
    def terms(self) -> list[str]:
        """The words searched for."""
        return self.words.split()[:8]


@dataclass(frozen=True, slots=True)
class Page:
    """Fifty rows, and where the neighbours begin."""

    ids: list[int]
    newer: Cursor | None
    older: Cursor | None


def page(
    session: Session, chosen: Filter, *, after: Cursor | None = None, before: Cursor | None = None
) -> Page:
    """One page of a list: cost does not depend on how deep it is, nor on how many rows there are."""
    key = _key(chosen)
    backwards = before is not None
    query = _filtered(session, select(Prospect.id, Prospect.created_at), chosen)
    edge = before or after
    if edge is not None:
        query = query.where(_beyond(key, edge, backwards=backwards))
    order = [column.asc() if backwards else column.desc() for column in key]
    rows = list(session.execute(query.order_by(*order).limit(PAGE + 1)).all())
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    cursors = [Cursor(None if len(key) == 1 else row.created_at, row.id) for row in (rows[0], rows[-1])]
    has_newer = more if backwards else after is not None
    has_older = True if backwards else more
    return Page(
        [row.id for row in rows], cursors[0] if has_newer else None, cursors[1] if has_older else None
    )


def count(session: Session, chosen: Filter) -> int:
    """How many rows a list has, counted up to 1,001 only."""
    some = _filtered(session, select(Prospect.id), chosen).limit(COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def everybody(session: Session, chosen: Filter, *, limit: int) -> list[int]:
    """The first rows of a list, as many as wanted, in its order."""
    order = [column.desc() for column in _key(chosen)]
    query = _filtered(session, select(Prospect.id, Prospect.created_at), chosen)
    return [row.id for row in session.execute(query.order_by(*order).limit(limit))]


def among(session: Session, chosen: Filter, ids: Collection[int]) -> list[int]:
    """Those of some people whom a list shows, newest first; none of a list that is searched by words."""
    if chosen.terms:
        return []
    query = _filtered(session, select(Prospect.created_at, Prospect.id).where(Prospect.id.in_(ids)), chosen)
    # Sorted here: asked for in order, a database may walk the whole list instead of looking these up.
    return [row.id for row in sorted(session.execute(query), reverse=True)]


def _filtered(session: Session, query: Select[*tuple[Any, ...]], chosen: Filter) -> Select[*tuple[Any, ...]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.status:
        conditions.append(Prospect.status == chosen.status)
    if chosen.view is View.REPLIED:
        conditions.append(Prospect.status.in_([Status.REPLIED, Status.MEETING]))
    if chosen.view is View.CONVERTED:
        conditions.append(Prospect.status == Status.CONVERTED)
    if chosen.country:
        conditions.append(Prospect.country == chosen.country)
    if chosen.owner_id is not None:
        conditions.append(Prospect.owner_id == chosen.owner_id)
    query = query.where(*conditions)
    if not chosen.terms:
        return query
    find = search.matching_notes if chosen.in_notes else search.matching
    return find(session, query, chosen.terms)


def _key(chosen: Filter) -> list[ColumnElement[Any]]:
    """The order of a list: newest first; while searching, the order in which the index finds them."""
    if chosen.terms:
        return [Prospect.id.expression if chosen.in_notes else search.ROW]
    return [Prospect.created_at.expression, Prospect.id.expression]


def _beyond(key: list[ColumnElement[Any]], edge: Cursor, *, backwards: bool) -> ColumnElement[bool]:
    if len(key) == 1:
        return key[0] > edge.id if backwards else key[0] < edge.id
    here = tuple_(*key)
    there = tuple_(literal(edge.created_at, UTCDateTime()), literal(edge.id))
    return here > there if backwards else here < there
