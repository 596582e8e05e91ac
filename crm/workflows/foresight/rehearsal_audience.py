"""Whom a rehearsal is for, out of a list that may be far longer: those who may begin, as far as it looks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.settings import Settings
from crm.permission import evidence
from crm.queries.gate.facts import AT_MOST
from crm.queries.pages import listing
from crm.queries.pages.listing import Filter
from crm.sequences.shape import Version
from crm.workflows.series.enrol import Asked, admit

MOST: Final = 1_000
"""People in one rehearsal."""

LOOKED_AT: Final = 2_000
"""People the gate is asked about for one rehearsal, however long the list is."""


@dataclass(slots=True)
class Audience:
    """Who is rehearsed, and who of those that were looked at is not."""

    asked: list[Asked] = field(default_factory=list)
    """What the gate said of each."""

    is_whole: bool = True
    """Everybody of the list was looked at."""

    @property
    def ids(self) -> list[int]:
        """Those who may begin."""
        return [one.loaded.recipient.id for one in self.asked if one.due_at is not None]

    @property
    def left(self) -> int:
        """How many may not."""
        return len(self.asked) - len(self.ids)


def audience(
    session: Session, chosen: Filter, version: Version, *, now: datetime, settings: Settings
) -> Audience:
    """Ask the gate about the people of a list, those with a ground on record first, until there are enough.

    After a large import the newest of a list are thousands whom nothing allows to be written to.
    """
    found, wanted = Audience(), _in_turn(session, chosen)
    found.is_whole = len(wanted) <= LOOKED_AT
    wanted = wanted[:LOOKED_AT]
    room, at_company = MOST, Counter[int]()
    for start in range(0, len(wanted), AT_MOST):
        if room == 0:
            found.is_whole = False
            break
        some = wanted[start : start + AT_MOST]
        for one in admit(session, some, version, now=now, settings=settings, at_company=at_company):
            if one.due_at is not None and room == 0:
                found.is_whole = False
                continue
            room -= one.due_at is not None
            found.asked.append(one)
    return found


def picked(
    session: Session, ids: Sequence[int], version: Version, *, now: datetime, settings: Settings
) -> Audience:
    """Those that somebody ticked, as far as a rehearsal has room."""
    wanted = list(dict.fromkeys(ids))
    asked = admit(session, wanted[:MOST], version, now=now, settings=settings)
    return Audience(asked, is_whole=len(wanted) <= MOST)


def _in_turn(session: Session, chosen: Filter) -> Sequence[int]:
    """The people of a list: those whose ground was written down last, then the newest; one more than asked.

    Both ends are read from an index, as far as is looked: neither costs more as the data grow.
    """
    proven = listing.among(session, chosen, evidence.newest(session, limit=LOOKED_AT))
    newest = listing.everybody(session, chosen, limit=LOOKED_AT + 1)
    return list(dict.fromkeys([*proven, *newest]))
