"""Move those on their way to the newest version of their sequence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import step_tasks
from crm.kernel.errors import NotFoundError
from crm.queries.gate.recipients import Recipient, recipients
from crm.queries.pages.on_their_way import in_hand
from crm.sequences import edits, places, versions
from crm.sequences.models import EnrolmentState, StepKind
from crm.sequences.moving import next_place
from crm.sequences.places import Move, Place
from crm.sequences.planner import release_at
from crm.sequences.shape import StepText, Version
from crm.workflows.desk.task_words import title_of
from crm.workflows.planning.plan_write import step_key
from crm.workflows.planning.unplan import unplan
from crm.workflows.series.publish_sequence import actor_of

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """How many were moved, and how many stayed because a mail of theirs is leaving."""

    moved: int = 0
    stayed: int = 0


def move_enrolments(session: Session, sequence_id: int, *, up_to: int, by: int | None, at: datetime) -> Moved:
    """Move active enrolments, up to an id, to the newest version. Audited.

    What is frozen and unclaimed is un-planned, and keeps its moment; what a worker holds leaves as it is, and
    its enrolment stays where it was. Nobody does a step again that is behind them. Words that a colleague
    wrote for one person follow their step; a first mail that was approved in other words waits again.

    Raises:
        NotFoundError: there is no such sequence, or nothing of it was published.
    """
    newest = versions.newest_id(session, sequence_id)
    if newest is None:
        raise NotFoundError
    moved = stayed = after = 0
    while ids := places.to_move(session, sequence_id, newest, after=after, up_to=up_to, most=_AT_ONCE):
        number = _Batch(session, newest, at).move(ids)
        moved, stayed, after = moved + number, stayed + len(ids) - number, ids[-1]
    chain.append(
        session,
        actor=actor_of(by),
        action="sequence.moved",
        object=f"sequence {sequence_id}",
        detail={"version": newest, "moved": moved, "stayed": stayed},
        at=at,
    )
    return Moved(moved, stayed)


@dataclass(slots=True)
class _Batch:
    session: Session
    newest: int
    at: datetime

    def move(self, ids: Sequence[int]) -> int:
        """Move those of which no mail is leaving; how many."""
        session = self.session
        places.places(session, ids)  # locked, before what waits for them is looked at
        unplan(session, enrolment_ids=ids, at=self.at)
        leaving = in_hand(session, ids)
        here = [one for one in places.places(session, ids) if one.id not in leaving]
        plans = versions.read(session, {one.version_id for one in here} | {self.newest})
        open_tasks = step_tasks.waiting(session, [one.id for one in here])
        people = recipients(session, {one.prospect_id for one in here if one.id in open_tasks})
        gone: list[int] = []
        moves = []
        changed = edits.of(session, [one.id for one in here])
        kept: dict[tuple[int, int], int] = {}
        for one in here:
            old, new = plans[one.version_id], plans[self.newest]
            position = next_place(old, new, one.position)
            due_at, task = one.next_due_at, open_tasks.get(one.id)
            if task is not None:
                same = _same_task(old.step(one.position), new, not_before=position)
                if same is not None:
                    position = same.position
                    key = step_key(one.id, self.newest, position)
                    step_tasks.reword(session, task, title_of(same), dedupe_key=key)
                else:
                    gone.append(task)
                    due_at = self._soon(one, people[one.prospect_id], position)
            moves.append(Move(one, position, due_at))
            kept |= _followed(old, new, [key for key in changed if key[0] == one.id])
        step_tasks.drop(session, gone)
        edits.carry(session, kept)
        return places.move(session, moves, self.newest, at=self.at)

    def _soon(self, one: Place, person: Recipient, position: int) -> datetime | None:
        if one.state is not EnrolmentState.RUNNING:
            return None
        country = person.country or None
        return release_at(self.at, zone=person.zone, country=country, seed=f"{one.id}:{position}")


def _followed(old: Version, new: Version, changed: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Where the mails of somebody that have words of their own stand in the new version, if they still do."""
    lineages = {step.id: step.lineage for step in old.steps}
    there = {step.lineage: step.id for step in new.steps if step.kind is StepKind.EMAIL}
    return {
        (enrolment_id, step_id): there[lineages[step_id]]
        for enrolment_id, step_id in changed
        if lineages.get(step_id) in there
    }


def _same_task(was: StepText | None, new: Version, *, not_before: int) -> StepText | None:
    """The step of a task that is out, where the new version still has it ahead of them."""
    lineage = was.lineage if was else None
    found = next((step for step in new.steps if step.lineage == lineage), None)
    if found is None or found.kind is not StepKind.TASK or found.position < not_before:
        return None
    return found
