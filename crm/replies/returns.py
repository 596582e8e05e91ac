"""The day on which somebody who is away is back, from an out-of-office note in nl, en, de or fr."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from crm.kernel.months import MONTH_WORDS, month_of

LONGEST: Final = timedelta(days=300)
"""Days farther ahead are misread, or no reason to wait."""

_SOON: Final = timedelta(days=7)  # a note may be a few days older than the answer it gives
_FILE: Final = Path(__file__).with_name("returns.toml")
_BEFORE: Final = 60  # characters in front of a day that say what it is
_AFTER: Final = 30


class _Rules(NamedTuple):
    days: re.Pattern[str]
    back: re.Pattern[str]
    since: re.Pattern[str]
    away: re.Pattern[str]
    through: re.Pattern[str]
    inclusive: re.Pattern[str]
    between: re.Pattern[str]
    """A range up to its last day, with a word in front of both days and one between them."""

    up_to: re.Pattern[str]
    """What alone stands between the two days of a range."""

    between_and: tuple[re.Pattern[str], re.Pattern[str]]
    """What stands before both days of such a range, and between them."""

    back_after: re.Pattern[str]
    back_weekday: re.Pattern[str]
    weekday_back: re.Pattern[str]
    weekdays: Mapping[str, int]


class _Found(NamedTuple):
    day: date
    is_back: bool
    is_away: bool
    is_since: bool = False
    """From then on they are back, or away: what else the note says tells which."""


def back_on(text: str, today: date | None) -> date | None:
    """The first day they are back; None when no day is told, or none that can be meant.

    Args:
        text: the note, folded.
        today: the day of the note; it gives the year that most notes leave out. None finds nothing.
    """
    if today is None:
        return None
    found = [one for match in _single_days(text) if (one := _read(match, text, today))]
    coming = [one for one in found if today < one.day <= today + LONGEST]
    end = max((one.day for one in coming if one.is_away), default=None)
    back = [one.day for one in coming if one.is_back]
    back += [one.day for one in coming if one.is_since and (end is None or one.day >= end)]
    if back:
        return back[0]
    return end if end is not None else _weekday(text, today)


def _single_days(text: str) -> Iterator[re.Match[str]]:
    """Every day but those that begin a range: nobody is back on these."""
    days = list(_rules().days.finditer(text))
    for day, following in zip_longest(days, days[1:]):
        if following is None or not _begins_range(day, following, text):
            yield day


def _begins_range(day: re.Match[str], following: re.Match[str], text: str) -> bool:
    rules = _rules()
    if rules.up_to.fullmatch(text, day.end(), following.start()):
        return True
    between, and_ = rules.between_and
    is_between = between.search(text[max(0, day.start() - _BEFORE) : day.start()])
    return bool(is_between and and_.fullmatch(text, day.end(), following.start()))


def _weekday(text: str, today: date) -> date | None:
    """`Back on Monday`: the next one after the day of the note."""
    rules = _rules()
    found = rules.back_weekday.search(text) or rules.weekday_back.search(text)
    if not found:
        return None
    ahead = (rules.weekdays[found["weekday"]] - today.weekday() - 1) % 7 + 1
    return today + timedelta(days=ahead)


def _read(match: re.Match[str], text: str, today: date) -> _Found | None:
    parts = match.groupdict()
    day = parts["to1"] or next(parts[name] for name in ("d1", "d2", "d3", "d4") if parts[name])
    month = next(parts[name] for name in ("m1", "m2", "m3", "m4") if parts[name])
    year = next((parts[name] for name in ("y1", "y2", "y3", "y4") if parts[name]), None)
    found = _date(year, int(month) if month.isdigit() else month_of(month), int(day), today)
    if found is None:
        return None
    rules = _rules()
    if (
        parts["to1"]
        or parts["to2"]
        or rules.between.search(text[max(0, match.start() - _BEFORE) : match.start()])
    ):
        return _Found(found + timedelta(days=1), is_back=False, is_away=True)
    before = re.split(r"[.;\n](?=\s)", text[max(0, match.start() - _BEFORE) : match.start()])[-1]
    after = text[match.end() : match.end() + _AFTER]
    if rules.through.search(before) or (rules.away.search(before) and rules.inclusive.match(after)):
        return _Found(found + timedelta(days=1), is_back=False, is_away=True)
    if rules.away.search(before):
        return _Found(found, is_back=False, is_away=True)
    is_back = bool(rules.back.search(before) or rules.back_after.search(re.split(r"[.;\n]", after)[0]))
    return _Found(found, is_back=is_back, is_away=False, is_since=bool(rules.since.search(before)))


def _date(year: str | None, month: int | None, day: int, today: date) -> date | None:
    """The day, in the year that is told or in the next one it can fall in."""
    years = [int(year) + (2000 if len(year) == 2 else 0)] if year else [today.year, today.year + 1]
    for one in years:
        try:
            found = date(one, month or 0, day)
        except ValueError:
            continue
        if year or found >= today - _SOON:
            return found
    return None


@cache
def _rules() -> _Rules:
    found = tomllib.loads(_FILE.read_text("utf-8"))
    names = {name: number for number, words in enumerate(found["weekdays"].values()) for name in words}
    article = "(?:dem |den |the |de |le |op |on )?"
    weekday = rf"{article}(?:(?:{'|'.join(names)}),?\.? |\w{{2,4}},?\.? )?{article}"
    months = "|".join(MONTH_WORDS)
    back, since, away, through = (_any_of(found[name]) for name in ("back", "since", "away", "through"))
    between, and_ = (_any_of(found[name]) for name in ("between", "and"))
    th = "(?:st|nd|rd|th|er|ste|de|e|\\.)"
    days = (
        rf"(?:(?P<d1>\d{{1,2}}){th}?,? ?(?:of |de )?(?P<m1>{months})\b\.?(?:,? (?P<y1>\d{{4}}))?"
        rf"(?:,? (?:{through}|{away}) {weekday}(?P<to1>\d{{1,2}}){th}"
        rf"(?!\w|[./-]\d| ?(?:of |de )?(?:{months})\b))?"
        rf"|\b(?P<m2>{months})\.? (?:\d{{1,2}}{th}? ?(?P<to2>{through}|{away}) ?(?:the )?)?"
        rf"(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y2>\d{{4}}))?"
        r"|(?P<y3>\d{4})-(?P<m3>\d{1,2})-(?P<d3>\d{1,2})"
        r"|(?P<d4>\d{1,2})[./-](?P<m4>\d{1,2})(?:[./-](?P<y4>\d{4}|\d{2})?)?"
        rf"(?! ?(?:{months})\b))(?!\d)"
    )
    first = re.sub(r"\?P<\w+>", "?:", rf"(?:{days}|\d{{1,2}}{th}?)")
    return _Rules(
        days=re.compile(rf"(?<!\d){days}"),
        back=re.compile(rf"(?<!\w){back}\b[^.;\n]{{0,40}}$"),
        since=re.compile(rf"(?<!\w){since}\b[^.;\n]{{0,40}}$"),
        between=re.compile(rf"(?<!\w){between} {weekday}{first},? ?{and_} {weekday}$"),
        between_and=(
            re.compile(rf"(?<!\w){between} {weekday}$"),
            re.compile(rf",? ?{and_} {weekday}"),
        ),
        up_to=re.compile(rf"[\s.,]*(?:{away}|{through}) ?{weekday}"),
        away=re.compile(rf"(?<!\w){away} {weekday}$"),
        through=re.compile(rf"(?:(?<![\w'])|(?<=\d)(?=-)){through} ?{weekday}$"),
        inclusive=re.compile(rf"\W{{0,3}}{_any_of(found['inclusive'])}"),
        back_after=re.compile(rf"(?<!\w){_any_of(found['back_after'])}\b"),
        back_weekday=re.compile(
            rf"(?<!\w)(?:{back}|{since})\b[^.;\n\d]{{0,30}}\b(?P<weekday>{'|'.join(names)})\b"
        ),
        weekday_back=re.compile(
            rf"\b(?P<weekday>{'|'.join(names)})\b[^.,;\n\d]{{0,30}}\b{_any_of(found['back_after'])}\b"
        ),
        weekdays=names,
    )


def _any_of(patterns: list[str]) -> str:
    return f"(?:{'|'.join(patterns)})"
