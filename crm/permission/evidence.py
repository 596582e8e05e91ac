"""Evidence: what proves that we may write to an address. Never edited; a better one is added."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.kernel.bulk import insert_many
from crm.kernel.prepared import Prepared, Row, one_of
from crm.kernel.text import one_line
from crm.permission.facts import Assessment as AssessmentFact
from crm.permission.facts import Proof
from crm.permission.models import Assessment, Evidence
from crm.permission.terms import Basis
from crm.permission.wording import declines_offers

_evidence = Evidence.metadata.tables["evidence"]
_assessments = Assessment.metadata.tables["assessments"]
_e, _a = _evidence.c, _assessments.c
_NEW = (
    "prospect_id", "basis", "url", "wording", "channel", "confirmed_by", "assessment_id", "import_id",
    "given_at",
)  # fmt: skip


_OF_PEOPLE = Prepared(
    select(
        _e.id, _e.prospect_id, _e.basis, _e.url, _e.wording, _e.channel, _e.confirmed_by,
        _e.given_at, _e.withdrawn_at, _e.assessment_id, _a.scope, _a.review_on,
    )
    .select_from(_evidence)
    .outerjoin(_assessments, _a.id == _e.assessment_id)
    .where(one_of(_e.prospect_id, "ids"))
    .order_by(_e.given_at, _e.id)
)  # fmt: skip


class NewEvidence(NamedTuple):
    """A proof to write down."""

    prospect_id: int
    basis: Basis
    given_at: datetime
    """When it was seen, given or bought."""

    url: str = ""
    wording: str = ""
    channel: str = ""
    confirmed_by: str = ""
    """The colleague who read the page; their name, as evidence."""

    assessment_id: int | None = None
    import_id: int | None = None


def add(session: Session, proofs: Sequence[NewEvidence]) -> None:
    """Write proofs down."""
    insert_many(session, Evidence, _NEW, (_row(proof) for proof in proofs))


def withdraw(session: Session, prospect_id: int, *, basis: Basis = Basis.CONSENT, at: datetime) -> int:
    """Note that a basis was taken back (P20); how many proofs it ends."""
    ended = session.scalars(
        update(_evidence)
        .where(_e.prospect_id == prospect_id, _e.basis == basis, _e.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
        .returning(_e.id)
    )
    return len(ended.all())


def proofs_of(session: Session, prospect_ids: Collection[int]) -> dict[int, tuple[Proof, ...]]:
    """What proves our ground, by prospect, oldest first; people without a proof are left out."""
    found: dict[int, list[Proof]] = {}
    for row in _OF_PEOPLE.rows(session, ids=list(prospect_ids)):
        found.setdefault(row[1], []).append(_proof(row))
    return {prospect_id: tuple(proofs) for prospect_id, proofs in found.items()}


def newest(session: Session, *, limit: int) -> list[int]:
    """Whose ground was written down last and stands, the newest first, from as many proofs as that."""
    rows = session.execute(
        select(Evidence.prospect_id, Evidence.withdrawn_at).order_by(Evidence.id.desc()).limit(limit)
    )
    return list(dict.fromkeys(row.prospect_id for row in rows if row.withdrawn_at is None))


def _row(proof: NewEvidence) -> tuple[object, ...]:
    return (
        proof.prospect_id,
        proof.basis,
        one_line(proof.url)[:500],
        one_line(proof.wording)[:500],
        one_line(proof.channel)[:64],
        one_line(proof.confirmed_by)[:120],
        proof.assessment_id,
        proof.import_id,
        proof.given_at,
    )


def _proof(row: Row) -> Proof:
    id_, _, basis, url, wording, channel, confirmed_by, at, withdrawn_at, assessment_id, scope, review_on = (
        row
    )
    return Proof(
        id=id_,
        basis=basis,
        at=at,
        has_url=bool(url),
        has_wording=bool(wording),
        has_channel=bool(channel),
        confirmed=bool(confirmed_by),
        declines_offers=bool(wording) and _declines(wording),
        stale=False,
        withdrawn_at=withdrawn_at,
        assessment=None
        if assessment_id is None
        else AssessmentFact(id=assessment_id, active=True, scope=scope, review_on=review_on),
    )


_declines = lru_cache(maxsize=4_096)(declines_offers)
