"""What every column says about privacy (D11), in a vocabulary that programs can read.

Access export, erasure, the article 30 record and `docs/data.md` are generated from these declarations.
A column without one fails the tests.
"""

import enum
from dataclasses import dataclass
from typing import Any, TypedDict


class Whose(enum.StrEnum):
    """Whose data a column holds."""

    SUBJECT = "subject"
    """A prospect's: goes into their export, and answers to their erasure."""

    STAFF = "staff"
    """A colleague's."""

    NONE = "none"
    """Nobody's: settings, counters, keys, digests that lead to nobody without a key outside the database."""


class OnErase(enum.StrEnum):
    """What an erasure does to a column of the person's rows."""

    DELETE = "delete"
    """The row goes."""

    BLANK = "blank"
    """The value goes; the row stays as evidence of what we did."""

    KEEP = "keep"
    """The value stays: it names nobody, or the law asks for it."""


class Retention(enum.StrEnum):
    """How long a value is kept."""

    PROSPECT = "prospect"
    """As long as the prospect: the configured months after collection or their last answer (P24)."""

    MESSAGE = "message"
    """As long as the prospect; the bare fact of sending stays three years as evidence."""

    INBOUND = "inbound"
    """Raw inbound mail: 14 days after it was understood."""

    REFUSAL = "refusal"
    """Without end: forgetting a no would break it (R-L11)."""

    ACCOUNT = "account"
    """As long as the colleague's account."""

    AUDIT = "audit"
    """Three years; holds no personal data."""

    SHORT = "short"
    """Days: sessions, limits, progress of jobs."""

    PERMANENT = "permanent"
    """As long as the installation: settings, texts, country rules."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one column says about itself."""

    whose: Whose
    purpose: str
    retention: Retention
    on_erase: OnErase


class Info(TypedDict):
    """The shape of `mapped_column(info=…)`."""

    privacy: Declaration


KEY = "privacy"


def subject(purpose: str, *, keep: Retention = Retention.PROSPECT, erase: OnErase = OnErase.DELETE) -> Any:  # noqa: ANN401 - SQLAlchemy's info is untyped
    """Declare a prospect's data."""
    return {KEY: Declaration(Whose.SUBJECT, purpose, keep, erase)}


def staff_data(purpose: str, *, keep: Retention = Retention.ACCOUNT, erase: OnErase = OnErase.KEEP) -> Any:  # noqa: ANN401 - SQLAlchemy's info is untyped
    """Declare a colleague's data; a prospect's erasure leaves it unless their row goes."""
    return {KEY: Declaration(Whose.STAFF, purpose, keep, erase)}


def no_person(purpose: str, *, keep: Retention = Retention.PERMANENT, erase: OnErase = OnErase.KEEP) -> Any:  # noqa: ANN401 - SQLAlchemy's info is untyped
    """Declare data that is nobody's."""
    return {KEY: Declaration(Whose.NONE, purpose, keep, erase)}


@dataclass(frozen=True, slots=True)
class Path:
    """How to get from a table's row to the person it is about.

    `column` of this table holds `table.id` of the next one, up to `prospects`; or, with `digest`,
    the column holds an address digest; or, with `domain`, the domain of their company, which goes with
    the last person there. A table that is about nobody declares `None` instead.
    """

    column: str
    table: str = "prospects"
    digest: bool = False
    domain: bool = False
