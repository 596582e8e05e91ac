"""What a recipient must be told: who we are, why them, from where, what we keep, and how to stop it."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from crm.compose.words import Words, words_in
from crm.kernel.controller import Controller
from crm.kernel.mail import Language
from crm.kernel.text import one_line

NOTICE_VERSION: Final = "2026-11-1"
"""Kept with each message (P39). Change it with every change of meaning in `words/` or here."""


class Grounds(enum.StrEnum):
    """On what the message rests; the values of D3."""

    CONSENT = "consent"
    CUSTOMER = "customer"
    PUBLISHED_ADDRESS = "published_address"
    LEGITIMATE_INTEREST = "legitimate_interest"


class SourceKind(enum.StrEnum):
    """Where an address came from, as far as it changes the sentence (GDPR article 14(2)(f))."""

    WEBSITE = "website"
    REGISTER = "register"
    MEETING = "meeting"
    THEMSELVES = "themselves"
    CUSTOMER = "customer"
    REFERRAL = "referral"


class Measuring(enum.StrEnum):
    """What the pixel of this message can tell (D4)."""

    OFF = "off"
    INDIVIDUAL = "individual"
    AGGREGATE = "aggregate"


class Slot(enum.StrEnum):
    """What differs between two messages of one frame."""

    SUBJECT = "subject"
    BODY = "body"
    WHY = "why"
    SOURCE = "source"
    ABOUT = "about"
    STOP = "stop"
    PIXEL = "pixel"

    @property
    def mark(self) -> str:
        """How the slot stands in a frame. NUL never occurs in text: it is cleaned away everywhere."""
        return f"\x00{self.value}\x00"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a prospect is kept, in months (P24)."""

    unanswered: int
    """From collection, when they never wrote back."""

    answered: int
    """From the last message of theirs. An opening is not one."""


class Line(NamedTuple):
    """Words, and the address they point to, if any; plain text shows the address after the words."""

    words: str
    link: str = ""


Paragraph = tuple[Line, ...]


def objection(language: Language) -> Paragraph:
    """The right to object, alone in its paragraph (GDPR article 21(4), R-L15)."""
    words = words_in(language)
    return (Line(words.objection), Line(words.objection_link, Slot.STOP.mark))


def first_notice(
    language: Language,
    controller: Controller,
    *,
    grounds: Grounds,
    retention: Retention,
    processors: Iterable[str] = (),
) -> Paragraph:
    """What GDPR article 14(1) and (2) ask us to say in the first message (R-L7, R-L8)."""
    words = words_in(language)
    named = ", ".join(processors)
    values = {
        "identity": ", ".join(_whereabouts(words, controller, with_email=True)),
        "grounds": words.grounds[grounds],
        "source": Slot.SOURCE.mark,
        "processors": f" ({named})" if named else "",
        "unanswered": retention.unanswered,
        "answered": retention.answered,
        "about": words.about,
        "email": controller.email,
    }
    patterns = (
        words.notice_title,
        words.notice_who,
        words.notice_purpose,
        words.notice_grounds,
        words.notice_categories,
        words.notice_source,
        words.notice_recipients,
        words.notice_retention,
        words.notice_rights,
        words.notice_complaint,
        words.notice_automated,
    )
    return tuple(Line(pattern.format(**values)) for pattern in patterns)


def reasons(*, source_told: bool) -> Paragraph:
    """Why this person and where the address came from (D10); the latter only where no notice says it."""
    return (Line(Slot.WHY.mark if source_told else f"{Slot.WHY.mark} {Slot.SOURCE.mark}"),)


def measuring_line(language: Language, measuring: Measuring) -> Paragraph:
    """What the pixel tells us, and how to be rid of it. Empty without one."""
    words = words_in(language)
    if measuring is Measuring.OFF:
        return ()
    pattern = words.measured if measuring is Measuring.INDIVIDUAL else words.counted
    return (Line(pattern.format(stop=words.stop)),)


def rights_links(language: Language) -> Paragraph:
    """To what we hold, and to stopping."""
    words = words_in(language)
    return (Line(words.about, Slot.ABOUT.mark), Line(words.stop, Slot.STOP.mark))


def identity(language: Language, controller: Controller) -> Paragraph:
    """Who we are: all published values, and the street where there is one (P2)."""
    words = words_in(language)
    numbers = (f"{words.register} {controller.kvk}", f"{words.vat} {controller.vat}", controller.email)
    return (Line(", ".join((*_whereabouts(words, controller), *numbers))),)


def source_line(language: Language, kind: SourceKind, *, where: str, on: date) -> str:
    """One sentence: where we got the address, when, and whether that was public (R-L7).

    `where` is a name or a web address; its scheme and final slash are left out, people do not read them.
    """
    words = words_in(language)
    place = one_line(where).removeprefix("https://").removeprefix("http://").rstrip("/")
    return words.sources[kind].format(where=place, on=words.date(on))


def why_line(language: Language, grounds: Grounds, *, company: str) -> str:
    """One sentence: why this person gets this message."""
    return words_in(language).why[grounds].format(company=one_line(company))


def _whereabouts(words: Words, controller: Controller, *, with_email: bool = False) -> tuple[str, ...]:
    country = words.countries.get(controller.country, controller.country)
    street = (controller.street.strip(),) if controller.street and controller.street.strip() else ()
    email = (controller.email,) if with_email else ()
    return (controller.name, *street, controller.location, country, *email)
