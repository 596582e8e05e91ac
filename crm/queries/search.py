"""Finding words in prospects, companies and notes, by the indexes that the database keeps (D19)."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, TableClause, and_, column, or_, select, table
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.conversations.models import Note
from crm.prospects.models import Company, Prospect

SHORTEST: Final = 3
"""Letters the trigram index needs; a shorter word is looked for at the start of a company's name."""

_people = table("prospects_search", column("rowid"), column("text"))
_notes = table("notes_search", column("rowid"), column("text"))
ROW: Final[ColumnElement[int]] = _people.c.rowid
"""What a search over prospects is ordered by: the prospect's id, as the index finds it."""


class Hit(NamedTuple):
    """Somebody in the palette's list."""

    id: int
    name: str
    company: str
    address: str


def matching(
    session: Session, query: Select[*tuple[Any, ...]], terms: Sequence[str]
) -> Select[*tuple[Any, ...]]:
    """Narrow a query over prospects to those in which every word occurs, in any of the indexed fields.

    Order the result by `ROW`. Words under three letters count only when all of them are so short.
    """
    query = query.join(_people, _people.c.rowid == Prospect.id)
    long = [term for term in terms if len(term) >= SHORTEST]
    if long:
        return query.where(_found(session, _people, long))
    starts = or_(*(_starts(Company.name, term) for term in terms))
    return query.join(Company, Company.id == Prospect.company_id).where(starts)


def jump(session: Session, words: str, *, limit: int = 8) -> list[Hit]:
    """The newest prospects whose name, address, role or company has these words, or whose notes have them."""
    terms = words.split()[:8]
    if not terms:
        return []
    columns = select(Prospect.id, Prospect.name, Company.name, Prospect.address)
    people = columns.join(Company, Company.id == Prospect.company_id)
    long = [term for term in terms if len(term) >= SHORTEST]
    if not long:
        where = or_(*(_starts(Company.name, term) for term in terms))
        found = session.execute(people.where(where).order_by(Company.name).limit(limit))
        return [Hit(*row) for row in found]
    by_name = people.join(_people, Prospect.id == ROW).where(_found(session, _people, long))
    hits = [Hit(*row) for row in session.execute(by_name.order_by(ROW.desc()).limit(limit))]
    if len(hits) < limit:
        said = people.join(Note, Note.prospect_id == Prospect.id).join(_notes, _notes.c.rowid == Note.id)
        by_note = said.where(_found(session, _notes, long), Note.removed_at.is_(None))
        rows = session.execute(by_note.order_by(_notes.c.rowid.desc()).limit(limit))
        hits += [Hit(*row) for row in rows]
    return list(dict.fromkeys(hits))[:limit]


def _found(session: Session, index: TableClause, terms: Sequence[str]) -> ColumnElement[bool]:
    """Every term as a substring, whatever its case: FTS5 trigrams on SQLite, pg_trgm on PostgreSQL."""
    if session.get_bind().dialect.name == "sqlite":
        quoted = " AND ".join('"' + term.replace('"', '""') + '"' for term in terms)
        return index.c.text.op("MATCH", is_comparison=True)(quoted)
    return and_(*(index.c.text.contains(term.lower(), autoescape=True) for term in terms))


def _starts(name: InstrumentedAttribute[str], term: str) -> ColumnElement[bool]:
    """The start of a name as typed, in lower case or capitals: ranges that the index on it can use."""
    forms = {term, term.lower(), term.capitalize(), term.upper()}
    return or_(*(and_(name >= form, name < form + "\U0010ffff") for form in sorted(forms)))
