"""Write companies, prospects and sources by the thousand (D19). Never a status, an owner or a refusal."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.kernel.bulk import insert_at_once, insert_many, one_of, reserve_ids, update_at_once
from crm.prospects.candidates import Candidate
from crm.prospects.companies import Firm
from crm.prospects.models import Company, Prospect, Source, SourceKind, Status
from crm.prospects.spelling import add_keys


class ChangedMeanwhileError(Exception):
    """Somebody else changed one of the rows since this transaction read it. Read again."""


class NewSource(NamedTuple):
    """Where an address comes from, for a prospect that is there."""

    prospect_id: int
    kind: SourceKind
    url: str
    words: str
    obtained_on: date


_COMPANY: Final = (
    "id", "name", "domain", "website", "country", "language", "time_zone", "legal_form", "relevance",
    "relevance_by", "created_at", "version",
)  # fmt: skip
_LEARNED: Final = (
    "website", "country", "language", "time_zone", "legal_form", "relevance", "relevance_by",
)  # fmt: skip
_PROSPECT: Final = (
    "id", "company_id", "name", "role", "role_relevance", "address", "address_digest", "address_kind",
    "address_state", "language", "country", "status", "created_at", "version",
)  # fmt: skip
_SOURCE: Final = ("prospect_id", "kind", "url", "words", "obtained_on", "noted_by", "import_id")


def save_companies(session: Session, firms: Sequence[Firm], *, now: datetime) -> None:
    """Make the new ones, which get their ids, and write down what the others learned.

    Raises:
        ChangedMeanwhileError: one of them is not as it was read.
    """
    fresh = [firm for firm in firms if firm.id is None]
    for firm, id_ in zip(fresh, reserve_ids(session, Company, len(fresh)), strict=True):
        firm.id = id_
    rows = [(f.id, f.name, f.domain, *_learned(f), now, 1) for f in fresh]
    insert_many(session, Company, _COMPANY, rows)
    made = set(map(id, fresh))
    wiser = [firm for firm in firms if firm.is_changed and id(firm) not in made]
    changes = [(f.id, f.version, *_learned(f)) for f in wiser]
    if update_at_once(session, Company, ("id", "version", *_LEARNED), changes) != len(changes):
        raise ChangedMeanwhileError
    _tell_countries(session, [firm for firm in wiser if firm.gains_country])


def _learned(firm: Firm) -> tuple[Any, ...]:
    return tuple(getattr(firm, name) for name in _LEARNED)


def _tell_countries(session: Session, firms: Sequence[Firm]) -> None:
    """Prospects hold a copy of their company's country, for lists."""
    for country in {firm.country for firm in firms}:
        ids = [firm.id for firm in firms if firm.country == country and firm.id is not None]
        session.execute(
            update(Prospect).where(one_of(session, Prospect.company_id, ids)).values(country=country)
        )


def add_prospects(
    session: Session, found: Sequence[tuple[Candidate, Firm]], *, role_relevance: str, now: datetime
) -> Sequence[int]:
    """Make prospects with their spellings; their companies have ids by now.

    Returns:
        Their ids, in the same order.
    """
    ids = reserve_ids(session, Prospect, len(found))
    rows = [
        (
            id_, firm.id, one.row.name, one.row.role, role_relevance, str(one.row.address),
            one.names.identity, one.kind, "unproven",
            "" if one.row.language == firm.language else one.row.language,
            firm.country, Status.NEW, now, 1,
        )
        for id_, (one, firm) in zip(ids, found, strict=True)
    ]  # fmt: skip
    insert_at_once(session, Prospect, _PROSPECT, rows)
    add_keys(session, ((id_, one.names) for id_, (one, _) in zip(ids, found, strict=True)))
    return ids


def change_prospects(session: Session, changes: Sequence[tuple[int, int, dict[str, str]]]) -> None:
    """Write texts (`name`, `role`, `role_relevance`, `language`) of prospects by id and version.

    Raises:
        ChangedMeanwhileError: one of them is not as it was read.
    """
    for columns in {tuple(values) for _, _, values in changes}:
        rows = [
            (id_, version, *values.values()) for id_, version, values in changes if tuple(values) == columns
        ]
        if update_at_once(session, Prospect, ("id", "version", *columns), rows) != len(rows):
            raise ChangedMeanwhileError


def add_sources(
    session: Session, sources: Sequence[NewSource], *, noted_by: int | None, import_id: int | None
) -> None:
    """Write down where addresses come from (article 14(2)(f), P4)."""
    insert_many(session, Source, _SOURCE, ((*one, noted_by, import_id) for one in sources))
