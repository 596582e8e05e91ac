"""Write one sorted batch of an import, in the transaction that also notes how far the import is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.kernel.clock import Clocks
from crm.kernel.controller import Controller
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.kernel.faults import point
from crm.permission import evidence
from crm.permission.evidence import NewEvidence
from crm.privacy.journal import Journal
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects import store
from crm.prospects.candidates import Candidate
from crm.prospects.choices import Choices
from crm.prospects.store import NewSource
from crm.queries.gate.claims import Claim
from crm.queries.imports.sorting import Batch
from crm.workflows.refusals.refuse import Desk, Mailbox
from crm.workflows.refusals.refuse import write as write_refusal

CHANNEL: Final = "import"
_LOCK: Final = 0x696D70  # any number, the same everywhere: batches of two imports take turns on PostgreSQL


@dataclass(frozen=True, slots=True)
class Intake:
    """What taking prospects in needs from outside."""

    database: Database
    ring: AddressKeys
    journal: Journal
    clocks: Clocks
    controller: Controller
    uploads: Path
    """The folder of uploaded files."""

    @property
    def desk(self) -> Desk:
        """For the noes that a file brings."""
        return Desk(self.database, self.ring, self.journal, self.clocks.real)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who brings the rows."""

    import_id: int | None
    by: int | None
    """The colleague; None on the command line."""


def take_turns(session: Session) -> None:
    """Let batches follow each other, so that no two make the same company. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def write_batch(
    session: Session, intake: Intake, choices: Choices, batch: Batch, origin: Origin, *, now: datetime
) -> Sequence[int]:
    """Write everything a batch brings.

    Returns:
        The ids of its new prospects, in their order.

    Raises:
        ChangedMeanwhileError: somebody changed one of the rows since they were read.
    """
    store.save_companies(session, batch.firms, now=now)
    found = [(one.candidate, one.firm) for one in batch.newcomers]
    ids = store.add_prospects(session, found, role_relevance=choices.role_relevance, now=now)
    sources = [_source(id_, one.candidate) for id_, one in zip(ids, batch.newcomers, strict=True)]
    proofs = [
        _proof(id_, one.claim, origin)
        for id_, one in zip(ids, batch.newcomers, strict=True)
        if one.claim is not None
    ]
    changes = [(c.existing.id, c.existing.version, c.values) for c in batch.changes if c.values]
    store.change_prospects(session, changes)
    sources += [_source(c.existing.id, c.candidate) for c in batch.changes if c.adds_source]
    proofs += [_proof(c.existing.id, c.claim, origin) for c in batch.changes if c.claim is not None]
    store.add_sources(session, sources, noted_by=origin.by, import_id=origin.import_id)
    evidence.add(session, proofs)
    point("import.before_refusals")
    for candidate in batch.opted_out:
        _refuse(session, intake, candidate, origin, now=now)
    return ids


def _source(prospect_id: int, candidate: Candidate) -> NewSource:
    row = candidate.row
    assert row.source_kind is not None
    assert row.obtained_on is not None
    return NewSource(prospect_id, row.source_kind, candidate.source_url, row.source_words, row.obtained_on)


def _proof(prospect_id: int, claim: Claim, origin: Origin) -> NewEvidence:
    return NewEvidence(
        prospect_id=prospect_id,
        basis=claim.basis,
        given_at=claim.at,
        url=claim.url,
        wording=claim.wording,
        channel=claim.channel,
        confirmed_by=claim.confirmed_by,
        assessment_id=claim.assessment_id,
        import_id=origin.import_id,
    )


def _refuse(session: Session, intake: Intake, candidate: Candidate, origin: Origin, *, now: datetime) -> None:
    """Another program was told to stop: heard as a no to us, too."""
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.BY_STAFF, channel=CHANNEL, at=now)
    actor = chain.OWNER if origin.by is None else chain.Actor.staff(origin.by)
    write_refusal(session, intake.desk, Mailbox(candidate.names.keys), wish, by=actor)
