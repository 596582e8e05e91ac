"""What a new version changes, step by step."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from crm.sequences.moving import next_place
from crm.sequences.shape import NewStep, StepText, Version


class What(enum.StrEnum):
    """What happened to a step."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step before and after."""

    what: What
    old: StepText | None
    new: NewStep | None
    position: int
    """In the new version; of a removed one, in the old."""

    moved_from: int | None = None
    """Its place among the steps that both versions have was another one."""

    @property
    def texts_differ(self) -> bool:
        """A mail or task says something else, or to other people."""
        before = self.old.words if self.old else ()
        after = self.new.words if self.new else ()
        return before != after

    @property
    def delay_differs(self) -> bool:
        """It comes sooner or later after the step before."""
        return self.old is not None and self.new is not None and self.old.delay != self.new.delay


def compare(old: Version | None, steps: Sequence[NewStep]) -> list[StepChange]:
    """Every step of the new version in its order; removed ones stand where they stood."""
    before = {step.lineage: step for step in old.steps} if old else {}
    kept = [one.lineage for one in steps if one.lineage is not None and one.lineage in before]
    order = [lineage for lineage in before if lineage in kept]
    found = [
        _one(before.get(step.lineage or 0), step, position, order, kept)
        for position, step in enumerate(steps, 1)
    ]
    for step in before.values():
        if step.lineage not in kept:
            place = next((i for i, one in enumerate(found) if one.position >= step.position), len(found))
            found.insert(place, StepChange(What.REMOVED, step, None, step.position))
    return found


def is_same(old: Version | None, steps: Sequence[NewStep]) -> bool:
    """Nothing differs at all."""
    return all(one.what is What.SAME and one.moved_from is None for one in compare(old, steps))


def _one(old: StepText | None, new: NewStep, position: int, order: list[int], kept: list[int]) -> StepChange:
    if old is None:
        return StepChange(What.ADDED, None, new, position)
    same = (old.kind, old.delay, old.words) == (new.kind, new.delay, new.words)
    moved = order.index(old.lineage) != kept.index(old.lineage)
    what = What.SAME if same else What.CHANGED
    return StepChange(what, old, new, position, moved_from=old.position if moved else None)


def reached(old: Version, changes: Sequence[StepChange], new: Version) -> list[int]:
    """Positions in `old` from which somebody comes to a mail or task that says something else in `new`."""
    other = [one for one in changes if one.texts_differ]
    places = range(1, len(old.steps) + 1)
    return [place for place in places if any(_reaches(one, old, new, place) for one in other)]


def _reaches(change: StepChange, old: Version, new: Version, position: int) -> bool:
    if change.new is not None:
        return change.position >= next_place(old, new, position)
    gone = change.old.lineage if change.old else 0
    return any(step.lineage == gone for step in old.steps[position - 1 :])


def as_new(version: Version) -> list[NewStep]:
    """The steps of a version, to be changed and published anew."""
    return [
        NewStep(step.kind, step.delay, step.subject, step.body, step.words[1:], step.lineage)
        for step in version.steps
    ]


def as_version(sequence_id: int, steps: Sequence[NewStep]) -> Version:
    """What publishing them would make, with numbers of its own: for places, not for texts."""
    texts = [
        StepText(0, place, one.kind, one.delay, one.subject, one.body, one.lineage or -place)
        for place, one in enumerate(steps, 1)
    ]
    return Version(0, sequence_id, tuple(texts))
