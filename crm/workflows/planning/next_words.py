"""What the next mail to somebody will say, before the values of its reader are filled in. Reads only."""

from collections.abc import Collection, Mapping
from typing import Protocol

from sqlalchemy.orm import Session

from crm.queries.sending.due_steps import earlier_mails
from crm.sequences import edits, versions
from crm.sequences.models import StepKind
from crm.sequences.texts import Words
from crm.workflows.planning.plan_texts import say


class Standing(Protocol):
    """Where somebody is."""

    @property
    def enrolment_id(self) -> int: ...
    @property
    def prospect_id(self) -> int: ...
    @property
    def version_id(self) -> int: ...
    @property
    def position(self) -> int: ...


def next_words(session: Session, steps: Collection[Standing]) -> Mapping[int, Words]:
    """The words by enrolment; without those whose next step is no mail."""
    plans = versions.load(session, {step.version_id for step in steps})
    off = versions.switched_off(session, plans.values())
    ids = [step.enrolment_id for step in steps]
    earlier, edited = earlier_mails(session, ids), edits.of(session, ids)
    found = {}
    for step in steps:
        version = plans[step.version_id]
        text = version.step(step.position)
        if text is not None and text.kind is StepKind.EMAIL:
            said = say(version, text, step.prospect_id, earlier.get(step.enrolment_id, ()), off)
            found[step.enrolment_id] = said.changed_to(edited.get((step.enrolment_id, text.id))).words
    return found
