"""Inbound mail as rows: stored before it is answered for, understood afterwards, each once."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.replies.essence import essence
from crm.replies.models import InboundMail, InboundState

RAW_KEPT: Final = timedelta(days=14)
"""The bytes of a mail that was understood are kept this long (B16)."""

IN_HAND: Final = timedelta(seconds=60)
"""Real time after which whoever took a mail in hand, and has not said a word since, is gone."""

_mails = InboundMail.metadata.tables["inbound_mails"]


def store(session: Session, raw: bytes, *, at: datetime) -> bool:
    """Keep a mail as it came; False when the same mail is here already (`essence`)."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {
        "digest": hashlib.sha256(raw).hexdigest(),
        "essence": essence(raw),
        "raw": raw,
        "state": InboundState.RECEIVED,
        "kind": "",
        "sub": "",
        "evidence": "",
        "matched_by": "",
        "subject_line": "",
        "text": "",
        "message_header": "",
        "received_at": at,
    }
    kept = session.execute(insert(_mails).values(row).on_conflict_do_nothing().returning(_mails.c.id))
    return kept.one_or_none() is not None


def waiting(session: Session, *, limit: int, real_now: datetime) -> Sequence[int]:
    """Mails that nobody read yet or has in hand, oldest first."""
    query = select(InboundMail.id).where(*_free(real_now))
    return session.scalars(query.order_by(InboundMail.received_at, InboundMail.id).limit(limit)).all()


def take(session: Session, mail_id: int, *, real_now: datetime) -> int | None:
    """Have a mail in hand; how many who had it before, one after the other, died. None: it is another's."""
    query = select(InboundMail.deaths, InboundMail.in_hand_until).where(
        InboundMail.id == mail_id, *_free(real_now)
    )
    found = session.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if found is None:
        return None
    deaths: int = found.deaths + (found.in_hand_until is not None)
    held = update(InboundMail).where(InboundMail.id == mail_id)
    session.execute(held.values(deaths=deaths, in_hand_until=real_now + IN_HAND))
    return deaths


def let_go(session: Session, mail_id: int) -> None:
    """Lay a mail back: whoever had it in hand lives, whatever else went wrong."""
    session.execute(update(InboundMail).where(InboundMail.id == mail_id).values(deaths=0, in_hand_until=None))


def _free(real_now: datetime) -> tuple[ColumnElement[bool], ...]:
    nobody = or_(InboundMail.in_hand_until.is_(None), InboundMail.in_hand_until <= real_now)
    return InboundMail.state == InboundState.RECEIVED, nobody


def open_one(session: Session, mail_id: int) -> InboundMail | None:
    """One mail for this transaction alone; None when another worker has read it."""
    query = select(InboundMail).where(InboundMail.id == mail_id, InboundMail.state == InboundState.RECEIVED)
    return session.scalar(query.with_for_update(skip_locked=True))


def forget_raw(session: Session, *, at: datetime) -> int:
    """Drop the bytes of mails that were understood 14 days ago; how many. What we made of them stays."""
    dropped = session.scalars(
        update(InboundMail)
        .where(
            InboundMail.understood_at < at - RAW_KEPT,
            InboundMail.state.in_([InboundState.UNDERSTOOD, InboundState.HANDLED]),
            InboundMail.raw.is_not(None),
        )
        .values(raw=None)
        .returning(InboundMail.id)
    )
    return len(dropped.all())
