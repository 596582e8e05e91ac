"""What becomes of the steps of a batch, to be written down."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from crm.delivery.new_message import NewMessage
from crm.queries.sending.due_steps import DueStep
from crm.sequences.models import StopReason
from crm.sequences.shape import Version


class Wait(NamedTuple):
    step: DueStep
    until: datetime
    ours: bool = False
    """It would leave, but for a pause of ours: it stays as late as it is."""


class Stop(NamedTuple):
    step: DueStep
    reason: StopReason
    detail: str


class Pause(NamedTuple):
    step: DueStep
    reason: StopReason
    detail: str


class HandWork(NamedTuple):
    step: DueStep
    title: str


class Passed(NamedTuple):
    """A wait is over: the next step, and when it is due."""

    step: DueStep
    position: int
    due_at: datetime


class Basis(NamedTuple):
    """What the letters rest on that holds for everybody in a sequence, as it was read."""

    first_waits: Mapping[int, bool] = MappingProxyType({})
    """By sequence."""

    plans: Mapping[int, Version] = MappingProxyType({})
    off: AbstractSet[int] = frozenset()
    """Texts of these versions that nobody gets any more."""


@dataclass(slots=True)
class Made:
    """What is to be written down, by kind."""

    basis: Basis = field(default_factory=Basis)
    mails: list[tuple[DueStep, NewMessage]] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    tasks: list[HandWork] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    finished: list[DueStep] = field(default_factory=list)
    unchecked: set[str] = field(default_factory=set)
    """Mail domains that nobody has looked up."""

    @property
    def steps(self) -> list[DueStep]:
        """All of them."""
        return [
            *(step for step, _ in self.mails),
            *(one.step for one in self.waits),
            *(one.step for one in self.stops),
            *(one.step for one in self.pauses),
            *(one.step for one in self.tasks),
            *(one.step for one in self.passed),
            *self.finished,
        ]
