"""Who let the first mail of an enrolment go, and in which words."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared
from crm.sequences import order
from crm.sequences.models import Enrolment
from crm.sequences.texts import Words

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c
_NOTE = Prepared(
    _enrolments.update()
    .where(_e.id == bindparam("enrolment"))
    .values(approved_at=bindparam("now"), approved_by=bindparam("who"), approved_words=bindparam("key"))
)


def note(session: Session, said: Mapping[int, Words], *, by: int | None, at: datetime) -> None:
    """Note that a colleague approved the first mail of these in these words, and who."""
    order.lock(session, list(said))
    rows = [{"enrolment": one, "now": at, "who": by, "key": words.key} for one, words in sorted(said.items())]
    _NOTE.many(session, rows)


def holds_for(words: Words, *, approved_at: datetime | None, approved_words: str | None) -> bool:
    """Whether an approval is one of these words: other words wait for a colleague again."""
    return approved_at is not None and approved_words in {None, words.key}
