"""Whom a rehearsal is for, out of a list that may be far longer: those who may begin, as far as it looks."""

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
from crm.workflows.foresight.rehearsal_told import Left
from crm.workflows.series.enrol import admit

MOST: Final = 1_000
"""People in one rehearsal."""

LOOKED_AT: Final = 2_000
"""People the gate is asked about for one rehearsal, however long the list is."""


@dataclass(slots=True)
class Audience:
    """Who is rehearsed, and who of those that were looked at is not."""

    ids: list[int] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    is_whole: bool = True
    """Everybody of the list was looked at."""

    @property
    def looked_at(self) -> int:
        """About how many the gate was asked."""
        return len(self.ids) + len(self.left)


def audience(
    session: Session, chosen: Filter, version: Version, *, now: datetime, settings: Settings
) -> Audience:
    """Ask the gate about the people of a list, those with a ground on record first, until there are enough.

    After a large import the newest of a list are thousands whom nothing allows to be written to.
    """
    found, wanted = Audience(), _in_turn(session, chosen)
    found.is_whole = len(wanted) <= LOOKED_AT
    wanted = wanted[:LOOKED_AT]
    for start in range(0, len(wanted), AT_MOST):
        for one in admit(session, wanted[start : start + AT_MOST], version, now=now, settings=settings):
            if one.due_at is None:
                found.left.append(Left(one.loaded.recipient, one.decision))
            elif len(found.ids) < MOST:
                found.ids.append(one.loaded.recipient.id)
            else:
                found.is_whole = False
        if len(found.ids) == MOST and start + AT_MOST < len(wanted):
            found.is_whole = False
            break
    return found


def _in_turn(session: Session, chosen: Filter) -> Sequence[int]:
    """The people of a list: those whose ground was written down last, then the newest; one more than asked.

    Both ends are read from an index, as far as is looked: neither costs more as the data grow.
    """
    proven = listing.among(session, chosen, evidence.newest(session, limit=LOOKED_AT))
    newest = listing.everybody(session, chosen, limit=LOOKED_AT + 1)
    return list(dict.fromkeys([*proven, *newest]))
