"""How a mailbox shows itself, and how fast it sends. Audited."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.errors import NotFoundError
from crm.queries.pages.limits import budgets_held
from crm.workflows.house.set_rules import Answerable, RuleFaultError


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxWish:
    """How a mailbox shows itself, and how fast it sends; what is negative was no number."""

    display_name: str
    sender_name: str
    daily_cap: int
    gap_minutes: int
    jitter_minutes: int
    ramp_start: int
    ramp_step: int


_PACE: Final = (
    ("gap_minutes", 0, 240, "Between two mails: 0 to 240 minutes."),
    ("jitter_minutes", 0, 120, "Added by chance: 0 to 120 minutes."),
)


def set_mailbox(session: Session, mailbox_id: int, wish: MailboxWish, *, who: Answerable) -> None:
    """Change a mailbox's names and pace; audited, with what each number was.

    Raises:
        RuleFaultError: a number is new and out of its bounds or above the owner's limit, or there is no name
            to show.
    """
    row = session.get(Mailbox, mailbox_id)
    if row is None:
        raise NotFoundError
    if faults := _faults(wish, row, budgets_held(session).mails_a_mailbox_day_at_most):
        raise RuleFaultError(" ".join(faults.values()), faults)
    fresh = {
        "daily_cap": wish.daily_cap,
        "gap_seconds": 60 * wish.gap_minutes,
        "jitter_seconds": 60 * wish.jitter_minutes,
        "ramp_start": wish.ramp_start,
        "ramp_step": wish.ramp_step,
    }
    changed = {name: [was, now] for name, now in fresh.items() if (was := getattr(row, name)) != now}
    for name, now in fresh.items():
        setattr(row, name, now)
    row.display_name, row.sender_name = wish.display_name[:120], wish.sender_name[:120]
    if "gap_seconds" in changed or "jitter_seconds" in changed:
        row.free_at = None  # what waits need not wait out the old gap
    session.flush()
    chain.append(
        session,
        actor=chain.Actor.staff(who.by),
        action="mailbox.changed",
        object=f"mailbox {mailbox_id}",
        detail=changed,
        at=who.at,
    )


def _faults(wish: MailboxWish, row: Mailbox, most_a_day: int) -> dict[str, str]:
    """What is wrong with each field, in words; empty when nothing is. `most_a_day`: the owner's limit."""
    found = {}
    if not wish.display_name.strip():
        found["display_name"] = "Recipients must see who writes: give the mailbox a name."
    if wish.daily_cap != row.daily_cap and not 1 <= wish.daily_cap <= most_a_day:
        found["daily_cap"] = f"A mailbox sends 1 to {most_a_day} messages a day."
    ramp = (
        ("ramp_start", 0, most_a_day, f"On the first day: 0 (no limit of its own) to {most_a_day} mails."),
        ("ramp_step", 0, most_a_day, f"More each day: 0 to {most_a_day} mails."),
    )
    # What stood before the owner's limit was lowered may stay: the limit holds all the same.
    fresh = [one for one in ramp if getattr(wish, one[0]) != getattr(row, one[0])]
    found |= {
        name: words
        for name, least, most, words in (*_PACE, *fresh)
        if not least <= getattr(wish, name) <= most
    }
    if wish.ramp_start and wish.ramp_start < wish.daily_cap and not wish.ramp_step:
        found["ramp_step"] = "More each day: with 0 the mailbox would stay at its first day for ever."
    return found
