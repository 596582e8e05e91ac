"""The owner's answers: switches, assessments, country rules, mailboxes. Every one is audited."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import mailboxes
from crm.delivery.models import Mailbox
from crm.kernel.errors import CrmError, NotFoundError
from crm.operations import switches
from crm.permission import assessments
from crm.permission.countries import Code, Column, load
from crm.permission.models import Assessment, CountryOverride

SWITCHES = (switches.PAUSED, switches.LEGITIMATE_INTEREST)
MOST_A_DAY = 50  # the hard cap of a mailbox's day (B16), the demo's fast calendar aside


class RuleFaultError(CrmError):
    """What was typed cannot be a rule; the message says why in words."""


@dataclass(frozen=True, slots=True)
class Answerable:
    """Who answers for a change, and when it was made."""

    by: int
    at: datetime


def turn_switch(session: Session, name: str, *, on: bool, reason: str, who: Answerable) -> None:
    """Turn one on or off for everybody. Raises NotFoundError for a switch there is not."""
    if name not in SWITCHES:
        raise NotFoundError
    switches.turn(session, name, on=on, by=who.by, at=who.at, reason=reason[:300])
    _note(session, f"switch.{'on' if on else 'off'}", f"switch {name}", who)


def write_assessment(
    session: Session, *, title: str, scope: str, text: str, review_on: date, who: Answerable
) -> Assessment:
    """Keep a balance of interests (R-L2); it counts until the day of its review.

    Raises:
        RuleFaultError: a part is missing, the scope names no country, or the review is not ahead.
    """
    codes = [code.strip().upper() for code in scope.split(",") if code.strip()]
    if not title.strip() or not text.strip():
        raise RuleFaultError("An assessment needs a title and its text: interest, necessity, balance.")
    if codes != ["*"] and (not codes or any(len(code) != 2 or not code.isalpha() for code in codes)):
        raise RuleFaultError("The scope is country codes, such as GB, US, or * for all.")
    if review_on <= who.at.date():
        raise RuleFaultError("The day of the review lies ahead.")
    kept = assessments.write(
        session,
        title=title[:200],
        scope=",".join(codes),
        text=text,
        by=who.by,
        at=who.at,
        review_on=review_on,
    )
    _note(session, "assessment.written", f"assessment {kept.id}", who)
    return kept


def override_country(
    session: Session, country: str, column: str, code: str, *, reason: str, who: Answerable
) -> None:
    """Put the owner's own code in one cell of the country table; audited.

    Raises:
        RuleFaultError: the country, the column or the code is none of the table's, or no reason is given.
    """
    if country not in load().countries or column not in set(Column) or code.lower() not in set(Code):
        raise RuleFaultError("Choose a country, a column and a code of the table.")
    if not reason.strip():
        raise RuleFaultError("Say why the table does not hold here; somebody will ask one day.")
    row = session.scalar(
        select(CountryOverride).where(CountryOverride.country == country, CountryOverride.column == column)
    )
    if row is None:
        row = CountryOverride(country=country, column=column)
        session.add(row)
    row.code, row.reason, row.decided_by, row.decided_at = code.lower(), reason[:500], who.by, who.at
    session.flush()
    _note(session, "country.overridden", f"country {country}", who, {"column": column, "code": code})


def drop_override(session: Session, override_id: int, *, who: Answerable) -> None:
    """Let the table hold again; audited."""
    row = session.get(CountryOverride, override_id)
    if row is None:
        raise NotFoundError
    session.delete(row)
    _note(session, "country.restored", f"country {row.country}", who, {"column": row.column})


def set_mailbox(
    session: Session, mailbox_id: int, *, daily_cap: int, display_name: str, sender_name: str, who: Answerable
) -> None:
    """Change a mailbox's cap and names; audited.

    Raises:
        RuleFaultError: the cap is not 1 to 50 messages a day, or there is no name to show.
    """
    row = session.get(Mailbox, mailbox_id)
    if row is None:
        raise NotFoundError
    if daily_cap != row.daily_cap and not 1 <= daily_cap <= MOST_A_DAY:
        raise RuleFaultError(f"A mailbox sends 1 to {MOST_A_DAY} messages a day.")
    if not display_name.strip():
        raise RuleFaultError("Recipients must see who writes: give the mailbox a name.")
    row.daily_cap, row.display_name, row.sender_name = daily_cap, display_name[:120], sender_name[:120]
    session.flush()
    _note(session, "mailbox.changed", f"mailbox {mailbox_id}", who, {"daily_cap": daily_cap})


def pause_mailbox(session: Session, mailbox_id: int, *, paused: bool, who: Answerable) -> None:
    """Stop or start one mailbox: no hand-off from it begins after this is committed (I12). Audited."""
    if paused:
        mailboxes.pause(session, mailbox_id, reason="by_staff", at=who.at)
    else:
        mailboxes.resume(session, mailbox_id)
    _note(session, "mailbox.paused" if paused else "mailbox.resumed", f"mailbox {mailbox_id}", who)


def _note(
    session: Session, action: str, what: str, who: Answerable, detail: dict[str, object] | None = None
) -> None:
    actor = chain.Actor.staff(who.by)
    chain.append(session, actor=actor, action=action, object=what, detail=detail, at=who.at)
