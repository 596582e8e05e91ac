"""`Not now, after the summer`: whether somebody puts us off, and until when."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from crm.kernel.months import MONTH_WORDS, month_of

_FILE: Final = Path(__file__).with_name("later.toml")
_SOONEST: Final = timedelta(days=14)
"""A nearer day is an appointment, not a pause."""

_FARTHEST: Final = timedelta(days=400)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")


class _Words(NamedTuple):
    not_now: re.Pattern[str]
    busy: re.Pattern[str]
    again: re.Pattern[str]
    days: tuple[tuple[int, int, re.Pattern[str]], ...]
    """Month and day of a season, and how it is named; those `after` something first."""

    after_holidays: re.Pattern[str]
    after_sales: re.Pattern[str]
    after_events: re.Pattern[str]
    nothing_else: re.Pattern[str]
    """A sentence that is only about such a time."""

    span: re.Pattern[str]
    half_year: re.Pattern[str]
    next_month: re.Pattern[str]
    next_quarter: re.Pattern[str]
    quarter: re.Pattern[str]
    week_number: re.Pattern[str]
    named: re.Pattern[str]
    numbers: tuple[re.Pattern[str], ...]


def puts_off(text: str, *, has_day: bool) -> bool:
    """Tell whether folded text says not now rather than no.

    Args:
        text: their words.
        has_day: whether `later_on` finds a day in it.
    """
    words = _words()
    if words.not_now.search(text) or any(map(words.nothing_else.fullmatch, _SENTENCE.split(text))):
        return True
    is_later = has_day or words.busy.search(text) or words.after_events.search(text)
    return bool(is_later and words.again.search(text))


def later_on(text: str, today: date | None) -> date | None:
    """The first day they want to hear from us again, as far as folded text names one; None otherwise."""
    if today is None:
        return None
    fitting = (day for day in _days(text, today) if today + _SOONEST <= day <= today + _FARTHEST)
    return next(fitting, None)


def _days(text: str, today: date) -> Iterator[date]:
    """Every time that is named, seasons first."""
    words = _words()
    yield from (_next(month, day, today) for month, day, pattern in words.days if pattern.search(text))
    if words.after_holidays.search(text):
        yield _next(9, 1, today) if today.month in range(4, 9) else _next(1, 7, today)
    if words.after_sales.search(text):
        yield min(_next(2, 15, today), _next(8, 15, today))
    yield from _periods(text, today)
    if found := words.span.search(text):
        number = _number(found)
        yield _months_on(today, number) if found["month"] else today + timedelta(weeks=number)
    if found := words.named.search(text):
        yield _next(month_of(found["name"]) or 1, 1, today)
    if found := words.week_number.search(text):
        yield _week(int(found[1]), today)


def _periods(text: str, today: date) -> Iterator[date]:
    words = _words()
    if found := words.quarter.search(text):
        yield _next(3 * int(found[1]) - 2, 1, today)
    first = today.replace(day=1)
    if words.next_quarter.search(text):
        yield _months_on(first, 3 - (today.month - 1) % 3)
    if words.next_month.search(text):
        yield _months_on(first, 1)
    if words.half_year.search(text):
        yield _months_on(today, 6)


def _next(month: int, day: int, today: date) -> date:
    this_year = date(today.year, month, day)
    return this_year if this_year > today else date(today.year + 1, month, day)


def _months_on(day: date, months: int) -> date:
    at = day.month - 1 + months
    return date(day.year + at // 12, at % 12 + 1, min(day.day, 28))


def _week(number: int, today: date) -> date:
    try:
        this_year = date.fromisocalendar(today.year, number, 1)
        return this_year if this_year > today else date.fromisocalendar(today.year + 1, number, 1)
    except ValueError:
        return today


def _number(found: re.Match[str]) -> int:
    said = found["number"]
    if said is None:
        return 3 if found["month"] else 4
    if said.isdigit():
        return min(int(said), 52)
    numbers = enumerate(_words().numbers, start=1)
    return next((number for number, pattern in numbers if pattern.fullmatch(said)), 1)


@cache
def _words() -> _Words:
    found: dict[str, Any] = tomllib.loads(_FILE.read_text("utf-8"))
    after, spans = found["after"], found["spans"]
    before = rf"\b{after['words']}{after['gap']}"
    named_after = [one for one in after.values() if isinstance(one, list)]
    beside = "|".join(found["beside"]["words"])
    times = "|".join([*(name for _, name in named_after), *_undated(found)])
    seasons = [(day, f"{before}{name}") for day, name in named_after]
    seasons += [(day, rf"\b{name}") for day, name in found["seasons"].values()]
    number = "|".join([r"\d{1,2}", *spans["numbers"]])
    amount = f"(?:{spans['few']}|(?P<number>{number}))"
    return _Words(
        not_now=_any_of(found["not_now"]),
        busy=_any_of(found["busy"]),
        again=_any_of(found["again"]),
        days=tuple((int(day[:2]), int(day[3:]), re.compile(name)) for day, name in seasons),
        after_holidays=re.compile(f"{before}{found['holidays']['words']}"),
        after_sales=re.compile(f"{before}{found['sales']['words']}"),
        after_events=re.compile(f"{before}{found['events']['words']}"),
        nothing_else=re.compile(rf"\W*(?:(?:{beside})\W+)*{before}(?:{times})(?:\W+(?:{beside}))*\W*"),
        span=re.compile(rf"\b{spans['in']} {amount} (?:{spans['week']}|(?P<month>{spans['month']}))\b"),
        half_year=re.compile(spans["half_year"]),
        next_month=re.compile(spans["next_month"]),
        next_quarter=re.compile(spans["next_quarter"]),
        quarter=re.compile(spans["quarter"]),
        week_number=re.compile(spans["week_number"]),
        named=re.compile(rf"\b{spans['named']}(?P<name>{'|'.join(MONTH_WORDS)})\b"),
        numbers=tuple(map(re.compile, spans["numbers"])),
    )


def _undated(found: dict[str, Any]) -> list[str]:
    return [found[name]["words"] for name in ("holidays", "sales", "events")]


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{one}" for one in patterns))
