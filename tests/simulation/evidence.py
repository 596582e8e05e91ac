"""What the judge reads: what happened outside, what people were told, and a dump at the end."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from tests.simulation.dump import Dump, MessageRow
from tests.simulation.history import HandOver, Told, What, one_spelling
from tests.simulation.installation import Person

IN_HAND = timedelta(seconds=90)
"""What was leaving when the program learnt of something may still leave: for a lease and a half."""


@dataclass(frozen=True)
class Evidence:
    """Everything the judge may read."""

    history: Sequence[HandOver]
    told: Sequence[Told]
    dump: Dump
    people: Mapping[str, Person]
    mailboxes: Mapping[str, tuple[int, str]]
    """Cap and zone by address."""

    sequences: Sequence[int]
    """Ids, in the order of the numbers in their texts."""

    at: datetime
    """The end."""

    lead_effects: Sequence[tuple[str, datetime]] = ()
    standing: Mapping[str, bool] = field(default_factory=dict)
    """Whether a no is on record, by who said it."""

    standing_of_others: Mapping[str, bool] = field(default_factory=dict)
    """The same of everybody who never acknowledged one."""

    open_transactions: Sequence[str] = ()
    broken: Sequence[str] = ()
    clocks_agree: bool = True

    @cached_property
    def rows(self) -> dict[str, MessageRow]:
        return {row.public_id: row for row in self.dump.messages}

    @cached_property
    def entries(self) -> dict[str, list[HandOver]]:
        """The history by message."""
        found: dict[str, list[HandOver]] = defaultdict(list)
        for one in self.history:
            found[one.public_id].append(one)
        return found

    @cached_property
    def decided(self) -> dict[str, list[Told]]:
        """What colleagues decided, by message."""
        found: dict[str, list[Told]] = defaultdict(list)
        for one in self.told:
            if one.what is What.DECIDED:
                found[one.whom].append(one)
        return found

    @cached_property
    def reported(self) -> dict[str, list[Told]]:
        """Proof from outside that a message left, by message."""
        found: dict[str, list[Told]] = defaultdict(list)
        for one in self.told:
            if one.what is What.REPORTED and one.detail != "deferred":
                found[one.whom].append(one)
        return found

    def enrolment_of(self, one: HandOver) -> int | None:
        row = self.rows.get(one.public_id)
        return row.enrolment_id if row else None

    def person(self, one: HandOver) -> Person:
        return self.people[one_spelling(one.recipient)]

    def is_declared_unsent(self, public_id: str) -> bool:
        """A colleague said that it did not leave, or took the risk of a second copy."""
        return any(one.detail != "count_as_sent" for one in self.decided.get(public_id, ()))


Check = Callable[[Evidence], Iterator[str]]


@dataclass
class Findings:
    """What is wrong, by check, and how much was looked at."""

    wrong: dict[str, list[str]] = field(default_factory=dict)
    hand_overs: int = 0
    told: int = 0
    states: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name}: {len(found)}, first {found[0]}" for name, found in self.wrong.items()]
        return "\n".join(lines) or "nothing is wrong"
