"""The limits that the owner may change: their words, their bounds, and the budgets that follow from them."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
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
    _: KW_ONLY
    why: str
    """What it is good for, in a sentence for whoever may change it."""

    @property
    def default(self) -> int:
        """As the house has it until somebody says otherwise."""
        return self.write(getattr(DEFAULTS, self.field))

    def shown(self, value: int) -> str:
        """As people read it."""
        return f"{value / 10**self.decimals:.{self.decimals}f}"

    @property
    def reason(self) -> str:
        """Why there is such a limit, what may be typed, and what holds while nobody changed it."""
        between = f"{self.shown(self.least)} to {self.shown(self.most)}"
        return f"{self.why} {between}, by default {self.shown(self.default)}."


def _days(value: int) -> timedelta:
    return timedelta(days=value)


def _in_days(value: timedelta) -> int:
    return value.days


_RULES: Final = (
    Rule(
        "gap_working_days", "Between two mails to one person", "working days", 1, 30,
        why="Over sequences and mails by hand: time to answer before the next one.",
    ),
    Rule(
        "mails_a_year", "To one person in a year", "mails", 1, 26,
        why="Whoever is written to more often than that is pestered, whatever each mail says.",
    ),
    Rule(
        "sequences_a_company", "In a sequence at one company, at once", "people", 1, 20,
        why="Colleagues talk: the same offer to everybody there looks like a mass mailing.",
    ),
    Rule(
        "unanswered_a_company", "To one company without any answer", "mails", 1, 50,
        why="Their silence is an answer too.",
    ),
    Rule(
        "cool_down", "After a sequence nobody answered", "days of rest", 0, 730, read=_days, write=_in_days,
        why="Nobody is begun with anew right away.",
    ),
    Rule(
        "steps_a_sequence", "In a sequence", "mails", 1, 10,
        why="Asked when it is published: our interest in writing weighs less with each mail.",
    ),
    Rule(
        "step_gap_second", "From the first mail of a sequence to the second", "working days", 1, 60,
        why="Proposed when a step is added; each sequence may say otherwise.",
    ),
    Rule(
        "step_gap_third", "From the second to the third", "working days", 1, 60,
        why="Proposed as well: longer each time, so that it urges less.",
    ),
    Rule(
        "step_gap_later", "Before each later one", "working days", 1, 60,
        why="Proposed as well.",
    ),
    Rule(
        "late_working_days", "A step later than this becomes a task", "working days", 1, 15,
        why="After a standstill nobody gets at once what was meant for last week.",
    ),
    Rule(
        "absence_return_working_days", "Back after an absence", "working days later", 0, 10,
        why="The first day back is for what piled up.",
    ),
    Rule(
        "absence_without_date", "Away, and no day is named", "days", 1, 60, read=_days, write=_in_days,
        why="A holiday is two weeks more often than anything else.",
    ),
    Rule(
        "absence_at_most", "Away for longer counts as", "days", 7, 300, read=_days, write=_in_days,
        why="A day far ahead is often misread, and then nobody would look again.",
    ),
    Rule(
        "soft_bounces", "Mail that comes back for now stops an address after", "different days", 1, 10,
        why="One full mailbox says nothing, and a server that always says “later” never takes it.",
    ),
    Rule(
        "soft_bounces_of", "Counted over the last", "mails to them", 1, 20,
        why="What arrived meanwhile makes good what came back before.",
    ),
    Rule(
        "bounce_rate", "Mails of a step that come back, at most", "%", 1, 100, decimals=1,
        read=lambda value: value / 1_000, write=lambda rate: round(rate * 1_000),
        why="Providers trust nobody who writes to addresses that do not exist; the sequence stops.",
    ),
    Rule(
        "complaint_rate", "Spam reports about a step, at most", "%", 1, 100, decimals=2,
        read=lambda value: value / 10_000, write=lambda rate: round(rate * 10_000),
        why="Gmail wants less than 0.1 % and blocks from 0.3 %; the sequence stops.",
    ),
    Rule(
        "rate_over_mails", "Judged only from so many", "mails", 20, 1_000,
        why="One of five says nothing.",
    ),
    Rule(
        "rate_over", "Counted over the last", "days", 1, 30, read=_days, write=_in_days,
        why="What was mended weeks ago is no reason to stop today.",
    ),
    Rule(
        "mails_a_mailbox_day_at_most", "From one mailbox in a day, at most", "mails", 1, 100,
        why="Whatever a mailbox is given: more looks like a mass mailer to the providers of readers.",
    ),
    Rule(
        "domain_grace", "A fault of our own domain may stand", "hours", 0, 168,
        read=lambda value: timedelta(hours=value), write=lambda span: span // timedelta(hours=1),
        why="Unproven mail is refused or called spam; then its mailboxes pause.",
    ),
    Rule(
        "proof_age", "A published address counts for", "days", 30, 730, read=_days, write=_in_days,
        why="Pages change: then somebody looks again whether it still stands there.",
    ),
    Rule(
        "undo", "A mail written by hand can be taken back for", "seconds", 5, 120,
        read=lambda value: timedelta(seconds=value), write=lambda span: span // timedelta(seconds=1),
        why="Faults are seen right after sending.",
    ),
)  # fmt: skip
RULES: Final[Mapping[str, Rule]] = MappingProxyType({one.field: one for one in _RULES})


def budgets_of(changed: Mapping[str, int]) -> Budgets:
    """The budgets with the owner's changes; what is no rule (any more) is passed over."""
    known = {name: value for name, value in changed.items() if name in RULES}
    return _budgets(tuple(sorted(known.items()))) if known else DEFAULTS


@lru_cache(maxsize=64)
def _budgets(changed: tuple[tuple[str, int], ...]) -> Budgets:
    return replace(DEFAULTS, **{name: RULES[name].read(value) for name, value in changed})
