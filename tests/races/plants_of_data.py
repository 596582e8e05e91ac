"""Faults in what is known of people, and in what the image service is told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.handoff import leads
from crm.handoff.leads import Claimed
from crm.handoff.models import Lead, LeadState
from crm.privacy import residue
from crm.queries.imports.look import Look
from crm.queries.imports.sorting import Batch, Sorter
from crm.workflows.people import import_run
from crm.workflows.people.import_run import ImportRun
from crm.workflows.refusals import erase
from tests.races.plants import Changes
from tests.simulation.planting import put


def _sorted_early(self: ImportRun, rows: list[Any], choices: Any, sorter: Sorter) -> Batch:
    """Decide on the rows first, and then wait for the turn to write them."""
    with self._intake.database.reading() as session:
        batch = sorter.sort(session, rows)
    with put((Sorter, "sort", lambda *_: batch)):
        return _COMMIT(self, rows, choices, sorter)


_COMMIT = ImportRun._commit  # noqa: SLF001 - it is taken out


def _never_refused(_self: Look, _row: Any) -> bool:
    return False


class _NeverError(Exception):
    """What nobody raises."""


_CLAIM_NEXT = leads.claim_next


def _named_anew(session: Session, **more: Any) -> Claimed | None:
    lead = _CLAIM_NEXT(session, **more)
    return None if lead is None else replace(lead, public_id=f"{lead.public_id}-{lead.attempt}")


def _looked_at(session: Session, *, claim_id: str, now: datetime) -> Claimed | None:
    """Take a lead without saying so to others: its next moment stays as it was."""
    query = select(Lead).where(Lead.state == LeadState.QUEUED, Lead.next_try_at <= now).limit(1)
    row = session.scalar(query)
    if row is None:
        return None
    session.execute(update(Lead).where(Lead.id == row.id).values(claim_id=claim_id))
    return Claimed(row.id, row.public_id, row.prospect_id, row.body, row.attempt)


def _settle_anyway(
    session: Session, lead: Claimed, state: LeadState, *, outcome: str, at: datetime, **_more: Any
) -> bool:
    values = {"state": state, "outcome": outcome, "next_try_at": None, "changed_at": at}
    session.execute(update(Lead).where(Lead.id == lead.id).values(**values))
    return True


SORTED_EARLY: Changes = ((ImportRun, "_commit", _sorted_early),)
NOT_AGAIN: Changes = (
    *SORTED_EARLY,
    (import_run, "IntegrityError", _NeverError),
    (import_run, "ChangedMeanwhileError", _NeverError),
)
NO_SWEEP: Changes = ((residue, "sweep", lambda *_: True),)
REGISTER_UNREAD: Changes = ((Look, "has_refused", _never_refused),)
NO_WAIT: Changes = ((erase, "take_turns", lambda *_: None),)
KEY_A_TRY: Changes = ((leads, "claim_next", _named_anew),)
ANY_ANSWER: Changes = ((leads, "settle", _settle_anyway),)
LEAD_TAKEN: Changes = ((leads, "claim_next", _looked_at),)
