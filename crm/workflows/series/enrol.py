"""Put people into a sequence, those the gate lets in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from crm.kernel.errors import ConflictError
from crm.kernel.faults import point
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.permission.decide import decide
from crm.permission.facts import Facts
from crm.permission.findings import Decision, Verdict
from crm.queries.gate.facts import Loaded, Question, facts_batch
from crm.sequences import beginnings, versions
from crm.sequences.beginnings import NewEnrolment
from crm.sequences.planner import next_due
from crm.sequences.versions import Version
from crm.workflows.planning.verdicts import MAY_BEGIN


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of one person."""

    prospect_id: int
    enrolment_id: int | None
    """None: not enrolled, `decision` says why."""

    due_at: datetime | None
    """When the first step is due."""

    decision: Decision | None
    """The gate's answer, with every reason; None when there is no such prospect."""

    @property
    def is_in(self) -> bool:
        """They are in the sequence now, and were not before."""
        return self.enrolment_id is not None


class ArchivedError(ConflictError):
    """Nobody new is enrolled in a sequence that was put away."""

    def __init__(self) -> None:
        super().__init__("This sequence is archived. Bring it back first, or choose another one.")


def enrol(  # noqa: PLR0913 - by name
    session: Session,
    prospect_ids: Sequence[int],
    sequence_id: int,
    *,
    by: int | None,
    now: datetime,
    settings: Settings,
    starts_at: datetime | None = None,
) -> list[Enrolled]:
    """Enrol people in the newest version of a sequence, in order, each once.

    The gate is asked for everybody, and counts those of this call as well: the third colleague of one
    company is told that two are in a sequence already. Waits that end by themselves soon do not keep
    anybody out. The first mail keeps to the recipient's hours like every other one.

    Raises:
        NotFoundError: there is no such sequence, or nothing of it was published.
        ArchivedError: it was put away.
    """
    wanted = list(dict.fromkeys(prospect_ids))
    version = versions.newest(session, sequence_id)
    asked = admit(session, wanted, version, now=now, settings=settings, starts_at=starts_at)
    accepted = [NewEnrolment(one.loaded.recipient.id, one.due_at) for one in asked if one.due_at is not None]
    begun = beginnings.begin(session, accepted, sequence_id=sequence_id, version_id=version.id, by=by, at=now)
    point("enrol.before_commit")
    answers = {one.loaded.recipient.id: one.decision for one in asked}
    due = {one.prospect_id: one.due_at for one in accepted if one.prospect_id in begun}
    return [
        Enrolled(prospect_id, begun.get(prospect_id), due.get(prospect_id), answers.get(prospect_id))
        for prospect_id in wanted
    ]


class Asked(NamedTuple):
    """The gate's answer about somebody who might begin a sequence."""

    loaded: Loaded
    decision: Decision
    due_at: datetime | None
    """When their first step would be due; None: they are not let in."""


def admit(  # noqa: PLR0913 - by name
    session: Session,
    wanted: Sequence[int],
    version: Version,
    *,
    now: datetime,
    settings: Settings,
    starts_at: datetime | None = None,
    at_company: Counter[int] | None = None,
) -> list[Asked]:
    """Ask the gate who may begin a sequence now. Writes nothing; whoever is gone is left out.

    `at_company`: of those asked about before these how many were let in, by company; it is counted on.

    Raises:
        ArchivedError: it was put away.
    """
    head = versions.heads(session, [version.sequence_id])[version.sequence_id]
    if head.is_archived:
        raise ArchivedError
    questions = [
        Question(
            prospect_id=prospect_id,
            kind=MailKind.OUTREACH,
            mailbox_id=head.mailbox_id,
            sequence_id=head.id,
        )
        for prospect_id in wanted
    ]
    begins = max(starts_at or now, now)
    found: list[Asked] = []
    at_company = Counter() if at_company is None else at_company
    for loaded in facts_batch(session, questions, now, settings):
        if loaded is None:
            continue
        person = loaded.recipient
        decision = decide(_with_company(loaded.facts, at_company[person.company_id]), now)
        due_at = None
        if _lets_in(decision):
            at_company[person.company_id] += 1
            due_at = _first_due(version, loaded, decision, begins)
        found.append(Asked(loaded, decision, due_at))
    return found


def _with_company(facts: Facts, more: int) -> Facts:
    if not more:
        return facts
    past = replace(facts.past, company_sequences=facts.past.company_sequences + more)
    return replace(facts, past=past)


def _lets_in(decision: Decision) -> bool:
    if decision.verdict is Verdict.WAIT:
        return all(finding.reason in MAY_BEGIN for finding in decision.against)
    return decision.allows


def _first_due(version: Version, loaded: Loaded, decision: Decision, begins: datetime) -> datetime:
    person = loaded.recipient
    return next_due(
        after=max(begins, decision.retry_at or begins),
        working_days=version.steps[0].delay,
        zone=person.zone,
        country=person.country or None,
        seed=f"{version.sequence_id}:{person.id}",
    )
