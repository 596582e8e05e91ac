"""The owner's answers: switches, assessments, country rules, mailboxes. Every one is audited."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.kernel.errors import CrmError, NotFoundError
from crm.operations import rules, switches
from crm.permission import assessments
from crm.permission.budgets import Budgets
from crm.permission.countries import Code, Column, load
from crm.permission.models import Assessment, CountryOverride
from crm.permission.rules import RULES, Rule, budgets_of

SWITCHES = (switches.LEGITIMATE_INTEREST,)


class RuleFaultError(CrmError):
    """What was typed cannot be a rule; the message says why in words."""

    def __init__(self, words: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.fields = dict(fields or {})
        """What is wrong with each field, where one is to blame."""


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


def set_limits(session: Session, typed: Mapping[str, str], *, who: Answerable) -> int:
    """Change numbers of the house; how many were something else. Each is audited, with what it was.

    Raises:
        NotFoundError: there is no such number.
        RuleFaultError: one is no number, or out of its bounds, or two contradict each other.
    """
    fresh = [name for name, text in typed.items() if _set_limit(session, name, text, who)]
    _must_agree(budgets_of({name: row.value for name, row in rules.changed(session).items()}), fresh)
    return len(fresh)


def _set_limit(session: Session, name: str, typed: str, who: Answerable) -> bool:
    rule = RULES.get(name)
    if rule is None:
        raise NotFoundError
    value = number_of(typed, rule)
    row = rules.changed(session).get(name)
    was = row.value if row else rule.default
    if value == was:
        return False
    rules.change(session, name, value, was=was, by=who.by, at=who.at)
    _note(session, "limit.changed", f"limit {name}", who, {"was": was, "is": value})
    return True


def _must_agree(budgets: Budgets, fresh: Collection[str]) -> None:
    """A limit above what is counted is never reached, and nobody would notice.

    Said beside what was changed to it, else (they disagreed before) beside the limit.
    """
    if budgets.soft_bounces > budgets.soft_bounces_of:
        days, mails = RULES["soft_bounces"], RULES["soft_bounces_of"]
        words = (
            f"{days.title} {budgets.soft_bounces} {days.unit}: it never would, "
            f"counted over the last {budgets.soft_bounces_of} {mails.unit}. Choose as many mails at least."
        )
        changed = [one.field for one in (days, mails) if one.field in fresh]
        raise RuleFaultError(words, dict.fromkeys(changed or [days.field], words))


def number_of(typed: str, rule: Rule) -> int:
    """What was typed, in whole numbers of its smallest unit; a comma is as good as a point."""
    words = f"{rule.title}: {rule.shown(rule.least)} to {rule.shown(rule.most)} {rule.unit}."
    try:
        value = Decimal(typed.strip().replace(",", ".")) * 10**rule.decimals
    except InvalidOperation as fault:
        raise RuleFaultError(words) from fault
    if not value.is_finite() or value != value.to_integral_value() or not rule.least <= value <= rule.most:
        raise RuleFaultError(words)
    return int(value)


def _note(
    session: Session, action: str, what: str, who: Answerable, detail: dict[str, object] | None = None
) -> None:
    actor = chain.Actor.staff(who.by)
    chain.append(session, actor=actor, action=action, object=what, detail=detail, at=who.at)
