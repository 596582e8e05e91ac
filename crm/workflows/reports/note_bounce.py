"""A mail came back: what that means for its reader, the same whoever told us (standards §3.5, I20)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import outbox
from crm.domains import checks
from crm.domains.ports import DomainVerdict
from crm.kernel.domains import is_freemail
from crm.permission.terms import AddressState
from crm.prospects.models import Prospect
from crm.queries.sending.soft_bounces import after_soft_bounces
from crm.replies.verdicts import Hardness, Sub
from crm.sequences import endings, enrolments, pauses
from crm.sequences.models import StopReason
from crm.workflows.reports.note_our_fault import note_our_fault

NOBODY_THERE: Final = frozenset({"5.1.2", "5.1.10", "5.4.4"})
"""Codes by which a domain takes no mail at all. Words alone are asked after in the name system."""

_TITLE: Final = "A mail was refused by their provider, not by them. Look at it before the next one leaves."
_STILL_GOOD: Final = (AddressState.UNPROVEN.value, AddressState.WORKS.value)


@dataclass(frozen=True, slots=True)
class Refused:
    """What their server said, as it is kept with the event: `hard address 5.1.1`."""

    hardness: Hardness
    sub: Sub = Sub.NONE
    status: str = ""

    @classmethod
    def read(cls, code: str) -> Self:
        """Read it from the event."""
        hardness, sub, status, *_ = [*code.split(" "), "", ""]
        return cls(Hardness(hardness), Sub(sub) if sub else Sub.NONE, status)

    def __str__(self) -> str:
        return f"{self.hardness} {self.sub} {self.status}".strip()


@dataclass(frozen=True, slots=True)
class Returned:
    """A message of ours that came back."""

    public_id: str
    prospect_id: int | None
    enrolment_id: int | None


def note_bounce(session: Session, mail: Returned, refused: Refused, *, now: datetime) -> None:
    """Do what a bounce asks for, after the event itself is in `provider_events`.

    Hard: never again to this address, or to its whole domain. Soft: counts by day. Anything else is about us
    or the message: what runs is held, a person is asked, and what would meet the same answer stands still.
    """
    if mail.prospect_id is None or refused.hardness is Hardness.NONE:
        return
    if refused.hardness is Hardness.HARD:
        domain_is_dead(session, mail.prospect_id, refused, now=now)
        address_is_dead(session, mail, AddressState.BOUNCED, now=now)
        return
    if refused.hardness is Hardness.SOFT:
        _count_soft(session, mail, now=now)
        return
    tasks.ask(session, mail.prospect_id, _TITLE, dedupe_key=f"mail:{mail.public_id}", now=now)
    paused = pauses.pause_all(session, [mail.prospect_id], StopReason.IN_DOUBT, at=now)
    outbox.take_back(session, enrolment_ids=paused)
    note_our_fault(session, mail.public_id, refused.hardness, code=refused.status, now=now)


def domain_is_dead(session: Session, prospect_id: int, refused: Refused, *, now: datetime) -> None:
    """Where nobody at a domain can be reached, nobody there is written to: until its name servers say else.

    Without a code that says so they are asked at once. A domain where anybody may have a mailbox never ends
    by one reader's bounce.
    """
    if refused.sub is not Sub.DOMAIN:
        return
    address = session.scalar(select(Prospect.address).where(Prospect.id == prospect_id)) or ""
    domain = address.rpartition("@")[2]
    if not domain or is_freemail(domain):
        return
    checks.want(session, [domain])
    if refused.status in NOBODY_THERE:
        null = refused.status == "5.1.10"
        verdict = DomainVerdict.NULL_MX if null else DomainVerdict.NO_MAIL
        checks.record(session, domain, verdict, now=now)
    else:
        checks.look_again(session, domain)


def address_is_dead(session: Session, mail: Returned, state: AddressState, *, now: datetime) -> None:
    """Nothing is planned for this mailbox any more."""
    if mail.prospect_id is None:
        return
    good = (*_STILL_GOOD, AddressState.BOUNCING.value)
    before = (*good, AddressState.INVALID.value) if state is AddressState.BOUNCED else good
    _mark(session, mail.prospect_id, state, only_from=before)
    people, reason = [mail.prospect_id], StopReason.BOUNCED
    enrolments.stop_all(session, people, reason, at=now)
    outbox.cancel_due(session, prospect_ids=people, reason=reason.value, at=now)
    endings.outrank(session, mail.enrolment_id, reason)


def _count_soft(session: Session, mail: Returned, *, now: datetime) -> None:
    if mail.prospect_id is None:
        return
    state = after_soft_bounces(session, mail.prospect_id)
    if state is AddressState.BOUNCED:
        address_is_dead(session, mail, state, now=now)
    elif state is not None:
        _mark(session, mail.prospect_id, state, only_from=_STILL_GOOD)


def _mark(session: Session, prospect_id: int, state: AddressState, *, only_from: tuple[str, ...]) -> None:
    session.execute(
        update(Prospect)
        .where(Prospect.id == prospect_id, Prospect.address_state.in_(only_from))
        .values(address_state=state.value)
    )
