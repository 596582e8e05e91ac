"""A colleague adds one person by hand: the same questions, and the same answers, as for a row of a file."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.prospects.candidates import Broken, CandidateReader
from crm.prospects.choices import Choices
from crm.prospects.import_models import RowOutcome
from crm.prospects.reading.mapping import Mapping
from crm.prospects.reading.parsed import Defaults, ParsedRow
from crm.prospects.reading.table import Row
from crm.queries.gate.import_gate import ImportGate
from crm.queries.imports.look import Look
from crm.queries.imports.sorting import Sorter
from crm.workflows.people.import_batch import Intake, Origin, take_turns, write_batch

_ALONE = Row(1, 1, [])


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one person."""

    outcome: RowOutcome
    """`broken`: no source; `refused`: nothing is kept; `unchanged` and `updated`: they were there."""

    reason: str
    prospect_id: int | None
    """The new one, or the one that was there."""


def add_prospect(  # noqa: PLR0913 - by name
    session: Session,
    intake: Intake,
    row: ParsedRow,
    *,
    by: int | None,
    now: datetime,
    role_relevance: str = "",
    relevance_by: str = "",
    channel: str = "",
    assessment_id: int | None = None,
) -> Added:
    """Take one person in, with their company, source and basis.

    Raises:
        OSError: the row is an opt-out, and the journal of refusals could not be written.
    """
    choices = Choices(
        Mapping(()),
        role_relevance=role_relevance,
        relevance_by=relevance_by,
        channel=channel,
        assessment_id=assessment_id,
    )
    candidate = CandidateReader(intake.ring, choices.mapping, Defaults()).work_out(row, _ALONE)
    if isinstance(candidate, Broken):
        return Added(RowOutcome.BROKEN, candidate.fault.reason, None)
    take_turns(session)
    batch = Sorter(choices, ImportGate.load(session, intake.controller, now=now)).sort(session, [candidate])
    ids = write_batch(session, intake, choices, batch, Origin(None, by), now=now)
    outcome, reason = batch.lines[0].outcome, batch.lines[0].reason
    if ids or outcome is RowOutcome.REFUSED:
        return Added(outcome, reason, ids[0] if ids else None)
    there = Look.at(session, [candidate]).existing(candidate)
    return Added(outcome, reason, there.id if there else None)
