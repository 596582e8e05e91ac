"""The limits that the owner may change: their words, their bounds, and the budgets that follow from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from crm.permission.budgets import DEFAULTS, Budgets


@dataclass(frozen=True, slots=True)
class Rule:
    """One number of the house. It is kept as a whole number; a rate in tenths or hundredths of a per cent."""

    field: str
    """Of `Budgets`."""

    title: str
    unit: str
    least: int
    most: int
    decimals: int = 0
    """Of the number as people read and type it."""

    read: Callable[[int], Any] = int
    write: Callable[[Any], int] = int

    @property
    def default(self) -> int:
        """As the house has it until somebody says otherwise."""
        return self.write(getattr(DEFAULTS, self.field))

    def shown(self, value: int) -> str:
        """As people read it."""
        return f"{value / 10**self.decimals:.{self.decimals}f}"


def _days(value: int) -> timedelta:
    return timedelta(days=value)


def _in_days(value: timedelta) -> int:
    return value.days


_RULES: Final = (
    Rule("gap_working_days", "Between two mails to one person", "working days", 1, 30),
    Rule("mails_a_year", "To one person in a year", "mails", 1, 26),
    Rule("sequences_a_company", "In a sequence at one company, at once", "people", 1, 20),
    Rule("unanswered_a_company", "To one company without any answer", "mails", 1, 50),
    Rule(
        "cool_down", "After a sequence nobody answered", "days of rest", 0, 730, read=_days, write=_in_days
    ),
    Rule("late_working_days", "A step later than this becomes a task", "working days", 1, 15),
    Rule(
        "bounce_rate", "Mails of a step that come back, at most", "%", 1, 100, decimals=1,
        read=lambda value: value / 1_000, write=lambda rate: round(rate * 1_000),
    ),
    Rule(
        "complaint_rate", "Spam reports about a step, at most", "%", 1, 100, decimals=2,
        read=lambda value: value / 10_000, write=lambda rate: round(rate * 10_000),
    ),
    Rule("rate_over_mails", "Judged only from so many", "mails", 20, 1_000),
    Rule("rate_over", "Counted over the last", "days", 1, 30, read=_days, write=_in_days),
)  # fmt: skip
RULES: Final[Mapping[str, Rule]] = MappingProxyType({one.field: one for one in _RULES})


def budgets_of(changed: Mapping[str, int]) -> Budgets:
    """The budgets with the owner's changes; what is no rule (any more) is passed over."""
    known = {name: value for name, value in changed.items() if name in RULES}
    return _budgets(tuple(sorted(known.items()))) if known else DEFAULTS


@lru_cache(maxsize=64)
def _budgets(changed: tuple[tuple[str, int], ...]) -> Budgets:
    return replace(DEFAULTS, **{name: RULES[name].read(value) for name, value in changed})
