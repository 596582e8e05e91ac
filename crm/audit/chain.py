"""Append to the log, and prove that nobody changed it."""

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.audit.models import AuditEntry
from crm.kernel.faults import point

_FIRST_SEAL = "0" * 64
_LOCK = 0x70726F64  # any number, the same everywhere: the advisory lock of the chain on PostgreSQL


class ActorKind(enum.StrEnum):
    """Who did it."""

    STAFF = "staff"
    PERSON = "person"
    """A prospect, on a public page or by mail."""

    PROGRAM = "program"
    OWNER = "owner"
    """Whoever has the machine: the command line."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it; colleagues by id, never by name."""

    kind: ActorKind
    id: int | None = None

    @classmethod
    def staff(cls, staff_id: int) -> "Actor":
        """A colleague who is logged in."""
        return cls(ActorKind.STAFF, staff_id)


PERSON = Actor(ActorKind.PERSON)
PROGRAM = Actor(ActorKind.PROGRAM)
OWNER = Actor(ActorKind.OWNER)


def append(
    session: Session,
    *,
    actor: Actor,
    action: str,
    at: datetime,
    object: str = "",  # noqa: A002 - the column's name
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one act down, in the transaction that does it. `detail` holds codes and counts, no person.

    Writers queue here: SQLite has one at a time anyway, PostgreSQL takes an advisory lock until commit.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    last = session.execute(
        select(AuditEntry.id, AuditEntry.seal).order_by(AuditEntry.id.desc()).limit(1)
    ).one_or_none()
    entry = AuditEntry(
        id=last.id + 1 if last else 1,
        at=at,
        actor=actor.kind,
        actor_id=actor.id,
        action=action,
        object=object,
        detail=dict(detail or {}),
    )
    entry.seal = _seal(entry, last.seal if last else _FIRST_SEAL)
    session.add(entry)
    session.flush()
    point("audit.before_commit")


def verify(session: Session) -> int | None:
    """The number of the first row that was changed, left out or put in; None when the chain holds."""
    before, expected = _FIRST_SEAL, 1
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(500):
        if entry.id != expected or entry.seal != _seal(entry, before):
            return expected
        before, expected = entry.seal, expected + 1
    return None


def _seal(entry: AuditEntry, before: str) -> str:
    parts = [
        entry.id, entry.at.isoformat(), str(entry.actor), entry.actor_id,
        entry.action, entry.object, entry.detail, before,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
