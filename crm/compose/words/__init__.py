"""What we say around a letter: one file a language, so that a native speaker can mend it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from crm.kernel.mail import Language

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All wordings of one language. A language that lacks one does not load."""

    day: str
    first_day: str
    """The first of a month, where it is written differently (French)."""

    months: list[str]
    countries: Mapping[str, str]
    """For the controller's address, by ISO 3166-1 alpha-2."""

    objection: str
    """GDPR article 21(4); holds nothing that differs from message to message, so that a lint can find it."""

    objection_link: str
    notice_title: str
    notice_who: str
    notice_purpose: str
    notice_grounds: str
    notice_categories: str
    notice_source: str
    notice_recipients: str
    notice_retention: str
    notice_rights: str
    notice_complaint: str
    notice_automated: str
    about: str
    stop: str
    register: str
    vat: str
    measured: str
    counted: str
    grounds: Mapping[str, str]
    """By `Grounds`."""

    why: Mapping[str, str]
    """By `Grounds`."""

    sources: Mapping[str, str]
    """By `SourceKind`."""

    greeting: Mapping[str, str]
    signup: Mapping[str, str]
    rights: Mapping[str, str]

    def date(self, day: date) -> str:
        """A date as it is written in running text: `3 november 2026`, `1er novembre 2026`."""
        number = self.first_day if day.day == 1 else str(day.day)
        return self.day.format(day=number, month=self.months[day.month - 1], year=day.year)


@cache
def words_in(language: Language) -> Words:
    """The wordings of one language, read once a process.

    Raises:
        TypeError: the file lacks a wording, or has one that is never used.
    """
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)
    return Words(**found)
