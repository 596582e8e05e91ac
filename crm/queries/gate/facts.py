"""The gate's facts (D2): a handful of queries for hundreds of people, judged by `permission.decide`.

One loader serves enrolment, planning, the claim, the prospect's page and the lists.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.permission.facts import Facts
from crm.queries.gate.facts_past import Past, Pasts
from crm.queries.gate.facts_person import People, Whence
from crm.queries.gate.house import House, house
from crm.queries.gate.question import Question
from crm.queries.gate.recipients import Recipient, recipients

__all__ = ["AT_MOST", "Loaded", "Question", "facts_batch", "facts_for"]

AT_MOST: Final = 500
"""People in one look; more are loaded in parts."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One person's facts, and what they were read from."""

    recipient: Recipient
    facts: Facts
    whence: Whence | None


def facts_for(
    session: Session, prospect_ids: Collection[int], kind: MailKind, now: datetime, settings: Settings
) -> dict[int, Facts]:
    """The facts about people, for a mail that is not planned yet; ids without a prospect are left out."""
    questions = [Question(prospect_id=prospect_id, kind=kind) for prospect_id in prospect_ids]
    found = facts_batch(session, questions, now, settings)
    return {
        question.prospect_id: loaded.facts
        for question, loaded in zip(questions, found, strict=True)
        if loaded is not None
    }


def facts_batch(
    session: Session,
    questions: Sequence[Question],
    now: datetime,
    settings: Settings,
    *,
    known_house: House | None = None,
) -> list[Loaded | None]:
    """The facts for each question, in order; None where the prospect is gone.

    `known_house` must come from the same transaction: pauses and switches are part of what is asked.
    """
    at_home = known_house or house(session, settings)
    found: list[Loaded | None] = []
    for start in range(0, len(questions), AT_MOST):
        found += _part(session, questions[start : start + AT_MOST], now, settings, at_home)
    return found


def _part(
    session: Session, questions: Sequence[Question], now: datetime, settings: Settings, at_home: House
) -> list[Loaded | None]:
    rows = recipients(session, {question.prospect_id for question in questions})
    people = People.load(session, rows, settings)
    pasts = Pasts.load(session, rows, questions, now, settings, at_home.budgets)
    return [
        None
        if (row := rows.get(question.prospect_id)) is None
        else Loaded(
            row,
            _facts(question, row, people, pasts.of(question, row, now), at_home, settings),
            people.sources.get(row.id),
        )
        for question in questions
    ]


def _facts(
    question: Question, row: Recipient, people: People, past: Past, at_home: House, settings: Settings
) -> Facts:
    return Facts(
        kind=question.kind,
        recipient=people.mailbox(row),
        firm=people.firm(row),
        source=people.source(row),
        relevant=bool(row.relevance.strip()),
        role_relevant=bool(row.role_relevance.strip()),
        proofs=people.proofs.get(row.id, ()),
        interest_allowed=at_home.interest_allowed,
        refusals=people.refusals_of(row, question.sequence_id),
        restricted_at=row.restricted_at,
        request_since=people.requests.get(row.id),
        notice_at=past.notice_at,
        erase_at=people.erase_at(row, settings),
        past=past.past,
        pauses=at_home.pauses(question.mailbox_id, question.sequence_id),
        sender=at_home.sender,
        measuring_consent=row.measuring_consent_at is not None,
        overrides=at_home.overrides,
        budgets=at_home.budgets,
    )
