"""Put right what we know of a prospect or a company, and tell two people who do so at once."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Self, TypeVar

from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm
from crm.kernel.errors import ConflictError, CrmError, NotFoundError
from crm.prospects.models import Company, Prospect

Record = TypeVar("Record", Prospect, Company)


class BothValues(tuple[str, str]):
    """What one wanted to write, and what stands there since somebody else saved."""

    __slots__ = ()

    @property
    def mine(self) -> str:
        """Not written."""
        return self[0]

    @property
    def theirs(self) -> str:
        """Stands there now."""
        return self[1]


class EditConflictError(ConflictError):
    """Somebody else saved the record since it was read. Nothing was written, and nothing is lost."""

    def __init__(self, version: int, both: Mapping[str, BothValues]) -> None:
        super().__init__("Somebody else changed this in the meantime.")
        self.version = version
        """What the record is at now: saving with it overwrites knowingly."""

        self.both = both
        """By field, where the two differ."""


class RestrictedError(CrmError):
    """Their data may only be kept as it is (GDPR article 18)."""


class AddressTakenError(CrmError):
    """Another prospect has this mailbox: the two are one person, to be merged."""

    def __init__(self, prospect_id: int) -> None:
        super().__init__("Another prospect has this address already.")
        self.prospect_id = prospect_id


class _Changes:
    """New values; None leaves a field alone."""

    @property
    def given(self) -> dict[str, Any]:
        """The fields to write."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type] # dataclasses below
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProspectChanges(_Changes):
    """What a colleague may put right about a person."""

    name: str | None = None
    role: str | None = None
    role_relevance: str | None = None
    language: str | None = None
    address: EmailAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyChanges(_Changes):
    """What a colleague may put right about a company."""

    name: str | None = None
    website: str | None = None
    country: str | None = None
    language: str | None = None
    time_zone: str | None = None
    legal_form: LegalForm | None = None
    relevance: str | None = None
    relevance_by: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did."""

    version: int
    changed: tuple[str, ...]
    """Names of the fields that have another value now; empty when everything was so before."""

    @classmethod
    def of(cls, record: Prospect | Company, changed: Mapping[str, Any]) -> Self:
        """The record as it is now."""
        return cls(record.version, tuple(changed))


def opened(session: Session, model: type[Record], id_: int) -> Record:
    """The record to edit, as it is now.

    Raises:
        NotFoundError: it is gone.
    """
    found = session.get(model, id_, populate_existing=True)
    if found is None:
        raise NotFoundError
    return found


def write(session: Session, record: Record, version: int, wanted: Mapping[str, Any]) -> Edited:
    """Write new values to a record that was read at `version`.

    Raises:
        EditConflictError: it is at another version now, and a value would be lost.
    """
    new = {name: value for name, value in wanted.items() if getattr(record, name) != value}
    if record.version != version and new:
        both = {name: BothValues((shown(value), shown(getattr(record, name)))) for name, value in new.items()}
        raise EditConflictError(record.version, both)
    try:
        with session.begin_nested():
            for name, value in new.items():
                setattr(record, name, value)
    except StaleDataError as error:
        # Between our look and our write, on a database with several writers.
        now = opened(session, type(record), record.id)
        both = {name: BothValues((shown(value), shown(getattr(now, name)))) for name, value in new.items()}
        raise EditConflictError(now.version, both) from error
    return Edited.of(record, new)


def shown(value: object) -> str:
    """A value in the words of a form field."""
    if isinstance(value, enum.Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
