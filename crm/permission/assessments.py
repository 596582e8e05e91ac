"""Documented balances of interest (R-L2), and the owner's own answers to the country table."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared
from crm.permission.countries import Code, Column, Override, canonical
from crm.permission.models import Assessment, CountryOverride

_o = CountryOverride.metadata.tables["country_overrides"].c
_OVERRIDES = Prepared(select(_o.country, _o.column, _o.code).order_by(_o.country, _o.column))


def write(  # noqa: PLR0913 - all by name; they are the record
    session: Session,
    *,
    title: str,
    scope: str,
    text: str,
    by: int | None,
    at: datetime,
    review_on: date,
) -> Assessment:
    """Write an assessment down. `scope` is country codes, comma separated, or `*`."""
    kept = Assessment(title=title, scope=scope, text=text, written_by=by, written_at=at, review_on=review_on)
    session.add(kept)
    session.flush()
    return kept


def newest(session: Session) -> Sequence[Assessment]:
    """All assessments, newest first."""
    return session.scalars(select(Assessment).order_by(Assessment.written_at.desc())).all()


def overrides(session: Session) -> tuple[Override, ...]:
    """The owner's answers. A row that names no column or code of the table any more counts for nothing."""
    found = []
    for country, column, code in _OVERRIDES.rows(session):
        try:
            found.append(Override(canonical(country), Column(column), Code.read(code)))
        except ValueError:
            continue
    return tuple(found)
