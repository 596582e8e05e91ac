"""What the gate is asked about steps: the same by the planner, and by whoever foresees what it will do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crm.kernel.mail import MailKind
from crm.queries.gate.facts import Question
from crm.queries.sending.due_steps import Earlier
from crm.sequences.shape import Head
from crm.workflows.planning.plan_texts import mailbox_of


class OnTheWay(Protocol):
    """Somebody in a sequence."""

    @property
    def enrolment_id(self) -> int: ...
    @property
    def prospect_id(self) -> int: ...
    @property
    def sequence_id(self) -> int: ...
    @property
    def enrolled_at(self) -> datetime: ...


def boxes_of(
    people: Iterable[OnTheWay], heads: Mapping[int, Head], earlier: Mapping[int, Sequence[Earlier]]
) -> dict[int, int]:
    """The mailbox that each one's next mail leaves from, by enrolment."""
    return {
        one.enrolment_id: mailbox_of(
            earlier.get(one.enrolment_id, ()), now_used=heads[one.sequence_id].mailbox_id
        )
        for one in people
    }


def questions_about(people: Iterable[OnTheWay], boxes: Mapping[int, int]) -> list[Question]:
    """Whether each one's next mail may leave."""
    return [
        Question(
            prospect_id=one.prospect_id,
            kind=MailKind.OUTREACH,
            mailbox_id=boxes[one.enrolment_id],
            sequence_id=one.sequence_id,
            enrolment_id=one.enrolment_id,
            enrolled_at=one.enrolled_at,
        )
        for one in people
    ]
