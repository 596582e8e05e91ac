"""Finding words in prospects, companies and notes, by the indexes that the database keeps (D19)."""

import unicodedata
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, TableClause, and_, column, false, or_, select, table
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.conversations.models import Note
from crm.kernel.readable import as_kept
from crm.prospects.models import Company, Prospect

SHORTEST: Final = 3
"""Letters the trigram index needs; a shorter word is looked for at the start of a company's name."""

_ALIKE: Final = {
    "a": "ÀÁÂÃÄÅàáâãäåĀāĂăĄą", "c": "ÇçĆćČč", "d": "ĎďĐđ", "e": "ÈÉÊËèéêëĒēĖėĘęĚě", "g": "Ğğ",
    "i": "ÌÍÎÏìíîïĪīİı", "l": "Łł", "n": "ÑñŃńŇň", "o": "ÒÓÔÕÖØòóôõöøŌōŐő", "r": "Řř", "s": "ŠšŚśŞşȘș",
    "t": "ŤťȚț", "u": "ÙÚÛÜùúûüŪūŮůŰű", "y": "ÝýÿŸ", "z": "ŽžŹźŻż",
    "ss": "ßẞ", "ae": "Ææ", "oe": "Œœ", "ij": "Ĳĳ",
}  # fmt: skip
_PLAIN: Final = str.maketrans({letter: plain for plain, letters in _ALIKE.items() for letter in letters})
"""Letters without their accents, as the indexes keep them (migration 0020)."""

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
    said: str = ""
    """Words of a note, where that is what was found."""


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
        known = {hit.id for hit in hits}
        said = people.add_columns(Note.body).join(Note, Note.prospect_id == Prospect.id)
        by_note = said.join(_notes, _notes.c.rowid == Note.id).where(
            _found(session, _notes, long), Note.removed_at.is_(None)
        )
        rows = session.execute(by_note.order_by(_notes.c.rowid.desc()).limit(limit))
        found_in = [
            Hit(row[0], row[1], row[2], row[3], around(row[4], long)) for row in rows if row[0] not in known
        ]
        hits += {hit.id: hit for hit in reversed(found_in)}.values()  # of several notes the newest
    return hits[:limit]


def matching_notes(
    session: Session, query: Select[*tuple[Any, ...]], terms: Sequence[str]
) -> Select[*tuple[Any, ...]]:
    """Narrow a query over prospects to those of whom one note has every word of three letters or more."""
    return query.where(Prospect.id.in_(select(Note.prospect_id).where(*_in_notes(session, terms))))


def notes_with(session: Session, ids: Sequence[int], terms: Sequence[str]) -> dict[int, str]:
    """By prospect, what their newest note with these words says around them."""
    query = select(Note.prospect_id, Note.body).where(Note.prospect_id.in_(ids), *_in_notes(session, terms))
    return {row.prospect_id: around(row.body, terms) for row in session.execute(query.order_by(Note.id))}


def _in_notes(session: Session, terms: Sequence[str]) -> list[ColumnElement[bool]]:
    long = [term for term in terms if len(term) >= SHORTEST]
    if not long:
        return [false()]
    indexed = select(_notes.c.rowid).where(_found(session, _notes, long))
    return [Note.id.in_(indexed), Note.removed_at.is_(None)]


def around(body: str, terms: Sequence[str], *, most: int = 90) -> str:
    """The part of a text around the first of these words, on one line."""
    line = " ".join(body.split())
    places = [plain(line).lower().find(plain(term).lower()) for term in terms]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, min(first - most // 3, len(line) - most))
    return (
        f"{'…' if start else ''}{line[start : start + most].strip()}{'…' if start + most < len(line) else ''}"
    )


def plain(text: str) -> str:
    """A text without accents: what is typed finds what is meant."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).translate(_PLAIN)


def _found(session: Session, index: TableClause, terms: Sequence[str]) -> ColumnElement[bool]:
    """Every term as a substring, whatever its case and accents: FTS5's trigrams on SQLite, else pg_trgm.

    A domain in letters of its own is found as well as it is kept, in its form on the wire.
    """
    forms = [dict.fromkeys((plain(term), as_kept(term))) for term in terms]
    if session.get_bind().dialect.name == "sqlite":
        quoted = " AND ".join(f"({' OR '.join(_quoted(one) for one in each)})" for each in forms)
        return index.c.text.op("MATCH", is_comparison=True)(quoted)
    return and_(
        *(or_(*(index.c.text.contains(one.lower(), autoescape=True) for one in each)) for each in forms)
    )


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _starts(name: InstrumentedAttribute[str], term: str) -> ColumnElement[bool]:
    """The start of a name as typed, in lower case or capitals: ranges that the index on it can use."""
    forms = {term, term.lower(), term.capitalize(), term.upper()}
    return or_(*(and_(name >= form, name < form + "\U0010ffff") for form in sorted(forms)))
