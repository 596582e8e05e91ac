"""What becomes of one step that is due. Pure: the planner asks it, the rehearsal, and "why not?"."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from crm.permission.decide import decide, decide_by_hand
from crm.permission.facts import Facts
from crm.permission.findings import Decision, Verdict
from crm.queries.gate.recipients import Recipient
from crm.sequences.models import StepKind
from crm.sequences.planner import is_too_late, release_at
from crm.workflows.planning.verdicts import needs_a_person, next_look


class What(enum.Enum):
    """What the planner does with a step."""

    PASS = enum.auto()
    """A wait is over."""

    TASK = enum.auto()
    TOO_LATE = enum.auto()
    STOP = enum.auto()
    """The gate says no."""

    ASK = enum.auto()
    """Waiting alone never helps: a person decides."""

    WAIT = enum.auto()
    WRITE = enum.auto()


class Fate(NamedTuple):
    """What, and when: the moment the mail is due, or the step is looked at again."""

    what: What
    at: datetime
    decision: Decision | None = None
    """The gate's answer, where it was asked."""


class Due(NamedTuple):
    """A step of somebody's."""

    kind: StepKind
    due_at: datetime
    late_from: datetime
    """The moment its lateness counts from."""

    seed: str
    """What places it in a window: `seed_of`."""


Ask = Callable[[Facts, datetime], Decision]


def seed_of(enrolment_id: int, position: int) -> str:
    """What places a step in a window: always the same for the same step."""
    return f"{enrolment_id}:{position}"


def fate_of(step: Due, facts: Facts, person: Recipient, now: datetime, *, ask: Ask = decide) -> Fate:
    """Decide about one step, as of the moment it would leave; the day's cap is not asked here."""
    if step.kind is StepKind.WAIT:
        return Fate(What.PASS, now)
    zone, country = person.zone, person.country or None
    if is_too_late(step.late_from, now, zone=zone, country=country, after=facts.budgets.late_working_days):
        return Fate(What.TOO_LATE, now)
    if step.kind is StepKind.TASK:
        held = _held_back(step, decide_by_hand(facts, now), person, now)
        return held or Fate(What.TASK, now)
    due_at = release_at(max(step.due_at, now), zone=zone, country=country)
    decision = ask(facts, due_at)
    return _held_back(step, decision, person, due_at) or Fate(What.WRITE, due_at, decision)


def _held_back(step: Due, decision: Decision, person: Recipient, due_at: datetime) -> Fate | None:
    """What a no or a not-yet of the gate makes of a step; None when it may be done."""
    if decision.verdict is Verdict.DENY:
        return Fate(What.STOP, due_at, decision)
    if needs_a_person(decision):
        return Fate(What.ASK, due_at, decision)
    if decision.verdict is Verdict.WAIT:
        return Fate(What.WAIT, next_look(decision, person, seed=step.seed, now=due_at), decision)
    return None
