"""Who is on their way in older versions of a sequence, and where they would go on in another one."""

import enum
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.prospects.models import Company, Prospect
from crm.sequences import edits, versions
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, EnrolmentState, StepKind
from crm.sequences.moving import next_place
from crm.sequences.shape import Version

IN_HAND = (MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)
"""A mail of these leaves, or may have left: nothing about its step changes any more."""


@dataclass(frozen=True, slots=True)
class OnTheirWay:
    """Somebody in an older version."""

    enrolment_id: int
    prospect_id: int
    name: str
    company: str
    version_id: int
    position: int
    state: EnrolmentState
    next_due_at: datetime | None


def on_their_way(
    session: Session,
    sequence_id: int,
    *,
    not_in: int | None,
    limit: int | None = None,
    first: Mapping[int, Collection[int]] = MappingProxyType({}),
) -> list[OnTheirWay]:
    """Everybody active in another version than `not_in`, by enrolment.

    `first`: by version, the positions of those who come before all others.
    """
    at_once = [
        and_(Enrolment.version_id == version, Enrolment.position.in_(places))
        for version, places in first.items()
    ]
    query = (
        select(
            Enrolment.id, Prospect.id, Prospect.name, Prospect.address, Company.name, Enrolment.version_id,
            Enrolment.position, Enrolment.state, Enrolment.next_due_at,
        )
        .join(Prospect, Prospect.id == Enrolment.prospect_id)
        .join(Company, Company.id == Prospect.company_id)
        .where(*_those(sequence_id, not_in))
        .order_by(case((or_(false(), *at_once), 0), else_=1), Enrolment.id)
        .limit(limit)
    )  # fmt: skip
    return [
        OnTheirWay(id_, person, name or address, firm, version, position, state, due)
        for id_, person, name, address, firm, version, position, state, due in session.execute(query)
    ]


def versions_under_way(session: Session, sequence_id: int) -> set[int]:
    """The versions that somebody is on their way in."""
    return set(session.scalars(select(Enrolment.version_id).where(*_those(sequence_id, None)).distinct()))


def how_many(session: Session, sequence_id: int, *, not_in: int | None) -> tuple[int, int]:
    """How many these are, and the highest enrolment among them (0: none)."""
    query = select(func.count(), func.max(Enrolment.id)).where(*_those(sequence_id, not_in))
    number, highest = session.execute(query).one()
    return number, highest or 0


def _those(sequence_id: int, not_in: int | None) -> list[ColumnElement[bool]]:
    found = [Enrolment.sequence_id == sequence_id, Enrolment.state.in_(ACTIVE)]
    return found if not_in is None else [*found, Enrolment.version_id != not_in]


def in_hand(session: Session, enrolment_ids: Collection[int]) -> set[int]:
    """Those with a mail that a worker holds, or of which nobody knows whether it left."""
    query = select(Message.enrolment_id).where(
        Message.enrolment_id.in_(enrolment_ids), Message.state.in_(IN_HAND)
    )
    return {one for one in session.scalars(query) if one is not None}


class OwnWords(enum.Enum):
    """What becomes of words that a colleague wrote for one person."""

    KEPT = enum.auto()
    LOST = enum.auto()
    """Their step is no mail of the new version."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whom a move would concern."""

    one: OnTheirWay
    goes_on_at: int
    """The position in the new version; 0: nothing is left for them."""

    stays: bool
    """A mail of theirs is leaving, so they stay where they are."""

    own_words: OwnWords | None = None
    """A mail of theirs that did not leave yet has words a colleague wrote for them."""


def affected(
    session: Session, sequence_id: int, new: Version, *, not_in: int | None, limit: int | None = None
) -> list[Affected]:
    """Everybody whom a move to `new` would concern, by name, and what it means for each."""
    found = on_their_way(session, sequence_id, not_in=not_in, limit=limit)
    plans = versions.load(session, {one.version_id for one in found})
    leaving: set[int] = set()
    changed: set[tuple[int, int]] = set()
    for start in range(0, len(found), 500):
        ids = [one.enrolment_id for one in found[start : start + 500]]
        leaving |= in_hand(session, ids)
        changed |= edits.of(session, ids).keys()
    return [
        Affected(
            one,
            _place(plans[one.version_id], new, one.position),
            one.enrolment_id in leaving,
            _own_words(one, plans[one.version_id], new, changed),
        )
        for one in found
    ]


def _own_words(
    one: OnTheirWay, old: Version, new: Version, changed: AbstractSet[tuple[int, int]]
) -> OwnWords | None:
    text = old.step(one.position)
    if text is None or (one.enrolment_id, text.id) not in changed:
        return None
    mails = {step.lineage for step in new.steps if step.kind is StepKind.EMAIL}
    return OwnWords.KEPT if text.lineage in mails else OwnWords.LOST


def _place(old: Version, new: Version, position: int) -> int:
    place = next_place(old, new, position)
    return place if new.step(place) else 0
