"""What kinds of mail there are, and what each may carry: the table of `design.md` section 3 as data."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


class Language(enum.StrEnum):
    """The languages recipients are written to in."""

    NL = "nl"
    EN = "en"
    DE = "de"
    FR = "fr"

    @classmethod
    def for_person(cls, *spoken: str, country: str = "") -> "Language":
        """The first language among `spoken` (ISO 639-1) that we write; else their country's, else English.

        A country with more than one of our languages has none here.
        """
        known = (cls(one) for one in spoken if one in set(cls))
        return next(known, _OF_COUNTRY.get(country, cls.EN))


_OF_COUNTRY: Final[Mapping[str, Language]] = MappingProxyType(
    {"NL": Language.NL, "DE": Language.DE, "AT": Language.DE, "FR": Language.FR}
)


class MailKind(enum.StrEnum):
    """Why a message exists. Decides what the gate asks, what stands around the text and what is measured."""

    OUTREACH = "outreach"
    """A step of a sequence."""

    MANUAL = "manual"
    """Staff wrote first."""

    REPLY = "reply"
    """In a thread that the person opened."""

    SIGNUP = "signup"
    """The link they asked for."""

    RIGHTS = "rights"
    """Acknowledgement of, or answer to, a request about their data."""

    STAFF = "staff"
    """Invitation, reset, digest: to our own people."""


class TrackingMode(enum.StrEnum):
    """What the open pixel of one message tells us (D4)."""

    INDIVIDUAL = "individual"
    """A random token: this message was opened."""

    AGGREGATE = "aggregate"
    """One address for all recipients of a step and day: a counter goes up, nothing else."""

    OFF = "off"
    """There is no pixel."""


class Frame(enum.StrEnum):
    """What stands around the text."""

    LETTER = "letter"
    """Identity, why and from where, rights links; objection and notice in the first one."""

    THREAD = "thread"
    """Identity and rights links."""

    IDENTITY = "identity"
    """Identity only."""

    PLAIN = "plain"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What one kind of mail carries."""

    frame: Frame
    pixel: bool
    """An open pixel is possible; D4 decides whether this message has one."""

    one_click: bool
    """RFC 8058 headers are there, always."""


MANNERS: Final[Mapping[MailKind, Manners]] = MappingProxyType(
    {
        MailKind.OUTREACH: Manners(Frame.LETTER, pixel=True, one_click=True),
        MailKind.MANUAL: Manners(Frame.LETTER, pixel=True, one_click=True),
        MailKind.REPLY: Manners(Frame.THREAD, pixel=False, one_click=True),
        MailKind.SIGNUP: Manners(Frame.THREAD, pixel=False, one_click=True),
        MailKind.RIGHTS: Manners(Frame.IDENTITY, pixel=False, one_click=False),
        MailKind.STAFF: Manners(Frame.PLAIN, pixel=False, one_click=False),
    }
)
