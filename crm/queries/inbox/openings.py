"""Which messages may be measured, for the pixels that were fetched (D4, P20).

Plain SQL, written once: these run some hundred times a minute while a campaign is read (D19).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import Integer, String, TextClause, bindparam, select, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TextualSelect

from crm.delivery.models import Message
from crm.kernel.db import UTCDateTime
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.mail import TrackingMode
from crm.kernel.public_links import REFERENCE
from crm.privacy.models import Refusal, RefusalKey, RefusalScope
from crm.privacy.register import STOPS_MEASURING
from crm.prospects.models import Company, Prospect, SpellingKey

READ: Final = (Message, Refusal, RefusalKey, SpellingKey, Company, Prospect)
"""The tables that the statements below name; a test runs them on both databases."""

_AMONG: Final = {"sqlite": "IN (SELECT value FROM json_each(:names))", "postgresql": "= ANY(:names)"}
_SPEAK: Final = ", ".join(f"'{scope.value}'" for scope in sorted(STOPS_MEASURING))

_REFUSED: Final = (
    "SELECT 1 FROM refusal_keys k JOIN refusals r ON r.id = k.refusal_id"  # noqa: S608 - constants only
    f" WHERE r.lifted_at IS NULL AND r.scope IN ({_SPEAK}) AND k.digest"
)
_MEASURED: Final = (
    "SELECT m.pixel_id, m.id, m.step_id,"  # noqa: S608 - constants only
    " CASE WHEN m.sent_at > :recent THEN m.sent_at END AS sent_at, m.prospect_id"
    " FROM messages m LEFT JOIN prospects p ON p.id = m.prospect_id"
    " WHERE m.pixel_id {among} AND p.restricted_at IS NULL"
    f" AND m.tracking = '{TrackingMode.INDIVIDUAL.value}'"
    f" AND NOT EXISTS ({_REFUSED} = m.address_digest) AND NOT EXISTS ({_REFUSED} IN"
    " (SELECT s.digest FROM spelling_keys s WHERE s.prospect_id = m.prospect_id))"
)
_COMPANIES: Final = (
    "SELECT p.id, c.domain FROM prospects p JOIN companies c ON c.id = p.company_id"
    " WHERE p.id {among} AND c.domain IS NOT NULL"
)
_ADDED: Final = text(
    "SELECT k.digest FROM refusal_keys k JOIN refusals r ON r.id = k.refusal_id"
    " WHERE r.id > :known AND r.lifted_at IS NULL AND r.scope = :scope"
)
_NEWEST: Final = text("SELECT max(id) FROM refusals")


class Measured(NamedTuple):
    """A message whose opening may be noted."""

    pixel_id: str
    id: int
    step_id: int | None
    sent_at: datetime | None
    """When the provider took it; None when that was long before."""

    prospect_id: int | None


@dataclass(slots=True)
class Register:
    """How far a process has read the register, and the companies it found there.

    Refusals of whole companies are few and are kept in memory; those of persons are asked for each time.
    """

    ring: AddressKeys
    newest: int = 0
    companies: set[AddressDigest] = field(default_factory=set)

    def read_on(self, session: Session) -> None:
        """Take note of what was added. Nothing is ever taken out of the register."""
        newest = newest_refusal(session)
        if newest != self.newest:
            added = session.connection().scalars(
                _ADDED, {"known": self.newest, "scope": RefusalScope.DOMAIN.value}
            )
            self.companies.update(added)
            self.newest = newest


def newest_refusal(session: Session) -> int:
    """Tells whether the register has grown since it was last asked."""
    return session.connection().scalar(_NEWEST) or 0


def measured(
    session: Session, register: Register, pixel_ids: Collection[str], *, recent: datetime
) -> dict[str, Measured]:
    """The messages behind these pixels, without those whose readers said no.

    Left out: refused measuring or mail altogether, in any spelling or for the whole company; restricted
    processing (article 18); erased; sent without a pixel of its own. Of those sent before `recent` the
    moment is not read.
    """
    asked = {"names": _names(session, pixel_ids), "recent": recent}
    found = {one.pixel_id: one for one in _found(session, asked)}
    if not register.companies:
        return found
    silent = _at_silent_companies(session, register, {one.prospect_id for one in found.values()} - {None})
    return {pixel: one for pixel, one in found.items() if one.prospect_id not in silent}


def references(session: Session, message_ids: Collection[int]) -> dict[int, str]:
    """What the unsubscribe links of these messages call them."""
    asked = select(Message.id, Message.public_id).where(Message.id.in_(message_ids))
    return {id_: public_id[:REFERENCE] for id_, public_id in session.execute(asked)}


def message_of(session: Session, reference: str) -> int | None:
    """The message that an unsubscribe link speaks of; None when it is gone."""
    if not reference:
        return None
    # Between two names: a pattern would read the whole table, on either database.
    within = Message.public_id.between(reference, reference + "z" * REFERENCE)
    return session.scalar(select(Message.id).where(within))


def _found(session: Session, asked: Mapping[str, object]) -> list[Measured]:
    if _dialect(session) != "sqlite":
        return [Measured(*row) for row in session.connection().execute(_measured(), asked)]
    # All rows in one step: SQLite's driver gives up the interpreter's lock at every one, and the threads that
    # answer pixels are waiting for it.
    packed = session.connection().scalar(_MEASURED_LITE, asked)
    return [Measured(pixel, id_, step, _moment(at), who) for pixel, id_, step, at, who in json.loads(packed)]


def _moment(text_: str | None) -> datetime | None:
    return datetime.fromisoformat(text_).replace(tzinfo=UTC) if text_ else None


def _at_silent_companies(session: Session, register: Register, ids: Collection[int | None]) -> set[int]:
    """Those whose company said no as a whole."""
    statement = _companies(_dialect(session))
    rows = session.connection().execute(statement, {"names": _names(session, ids)})
    return {id_ for id_, domain in rows if not register.companies.isdisjoint(_digests(register.ring, domain))}


_RECENT: Final = bindparam("recent", type_=UTCDateTime())
_MEASURED_LITE: Final = text(
    "SELECT json_group_array(json_array(pixel_id, id, step_id, sent_at, prospect_id)) FROM"  # noqa: S608 - constants only
    f" ({_MEASURED.format(among=_AMONG['sqlite'])})"
).bindparams(_RECENT)


@lru_cache
def _measured() -> TextualSelect:
    statement = text(_MEASURED.format(among=_AMONG["postgresql"]))
    return statement.bindparams(_RECENT).columns(
        pixel_id=String(), id=Integer(), step_id=Integer(), sent_at=UTCDateTime(), prospect_id=Integer()
    )


@lru_cache
def _companies(dialect: str) -> TextClause:
    return text(_COMPANIES.format(among=_AMONG[dialect]))


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _names(session: Session, values: Collection[str] | Collection[int | None]) -> object:
    """The parameter behind `{among}`."""
    known = list(values)
    return json.dumps(known) if _dialect(session) == "sqlite" else known


@lru_cache(maxsize=16_384)
def _digests(ring: AddressKeys, domain: str) -> tuple[AddressDigest, ...]:
    return ring.domain_digests(domain)
