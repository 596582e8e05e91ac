"""What a provider posts is kept first, then answered for; it is applied afterwards (I23, I24)."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crm.delivery import events
from crm.delivery.event_ports import REFUSING, Drop, Report, Reported, SignedPost
from crm.delivery.events import NewEvent
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.kernel.faults import point
from crm.privacy.register import keys_of
from crm.replies import bounces
from crm.replies.folding import fold
from crm.replies.verdicts import Hardness, Sub
from crm.tracking.machines import Hints, classify
from crm.tracking.models import OpeningClass

log = logging.getLogger(__name__)

_NO: Final = frozenset({Drop.COMPLAINED, Drop.UNSUBSCRIBED})
MEASURED: Final = frozenset({Report.OPEN, Report.CLICK})
"""What does not come at all while the account's trackers are off, as they should be."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of each."""

    news: int
    known: int


def keep_post(
    database: Database, ring: AddressKeys, post: SignedPost, *, now: datetime, real_now: datetime
) -> Kept:
    """Keep the events of a signed post for good; when this returns they are on the disk.

    This very post again writes nothing: its answer got lost, or somebody recorded it (decision 0010).
    """
    again = Kept(0, len(post.events))
    with database.reading() as session:
        if events.was_taken(session, post.digest):
            return again
    news = [new_event(ring, event) for event in post.events]
    with database.transaction() as session:
        if not events.take_post(session, post.digest, real_now=real_now):
            return again
        kept = events.keep(session, news, at=now)
        point("events.before_commit")
    point("events.after_commit")
    _warn(post.events)
    return Kept(kept, len(news) - kept)


def new_event(ring: AddressKeys, event: Reported) -> NewEvent:
    """An event as it is kept: judged by what their server said, and without its words."""
    refuses = event.report in REFUSING or event.drop in _NO
    return NewEvent(
        kind=f"other_{event.word}"[:32] if event.report is Report.OTHER else event.report,
        code=_code(event),
        happened_at=event.happened_at,
        dedupe_key=event.says,
        event_key=hashlib.sha256(event.event_id.encode("utf-8", "replace")).hexdigest()
        if event.event_id
        else None,
        reference=event.reference,
        digest=ring.digest(event.address) if event.address else None,
        names=keys_of(ring, event.address) if event.address and refuses else (),
    )


def _code(event: Reported) -> str:
    match event.report:
        case Report.BOUNCE | Report.BLOCKED:
            hardness, sub, status = judged(event)
            return f"{hardness} {sub} {status}".strip()
        case Report.DROPPED:
            return event.drop or Drop.OTHER
        case Report.OPEN:
            return _opened_by(event)
        case _:
            return ""


def judged(event: Reported) -> tuple[Hardness, Sub, str]:
    """What a failure means: by its code and words first, by the provider's own word where they say little.

    What the provider calls blocked never ends an address: it will try the next mail itself.
    """
    code, sub, hardness = bounces.judge(event.status, fold(event.words))
    if event.report is Report.BLOCKED and hardness is Hardness.HARD:
        return Hardness.SOFT, sub, code
    says_nothing = not code and sub is Sub.SYSTEM
    if event.report is Report.BOUNCE and says_nothing:
        return Hardness.HARD, Sub.ADDRESS, code
    return hardness, sub, code


def _opened_by(event: Reported) -> OpeningClass:
    if event.by_machine:
        return OpeningClass.MACHINE
    return classify("GET", {}, event.agent, None, Hints()) or OpeningClass.MACHINE


def _warn(reported: Sequence[Reported]) -> None:
    measured = sum(one.report in MEASURED for one in reported)
    if measured:
        log.warning("the provider measures though we asked it not to", extra={"events": measured})
    odd = sorted({one.word for one in reported if one.report is Report.OTHER})
    if odd:
        log.warning("the provider reports what nobody knows", extra={"kinds": odd[:10]})
