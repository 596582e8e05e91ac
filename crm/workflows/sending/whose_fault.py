"""A handful that cannot be judged: which of its messages is to blame (decision 0009)."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from crm.kernel.db import Database
from crm.kernel.errors import CrmError
from crm.kernel.outages import is_outage
from crm.workflows.sending.claim import Batch
from crm.workflows.sending.judge import Leaving
from crm.workflows.sending.lay_aside import after_errors
from crm.workflows.sending.our_fault import ours_or_theirs

log = logging.getLogger(__name__)

_FAULTS: Final = (
    CrmError, SQLAlchemyError, LookupError, ValueError, TypeError, AttributeError, AssertionError,
    ArithmeticError, RecursionError, MemoryError,
)  # fmt: skip


def may_be_a_messages(fault: Exception) -> bool:
    """Tell whether one message may have made the gate raise it: none has where the database is away."""
    return isinstance(fault, _FAULTS) and not is_outage(fault)


def sort_out(
    database: Database,
    batch: Batch,
    ids: Sequence[int],
    *,
    mark: Callable[[Sequence[int]], list[Leaving]],
    look: Callable[[int], None],
    now: datetime,
) -> list[Leaving]:
    """Judge a handful one by one: those that leave. Whoever cannot be judged is put back or laid aside.

    `mark` judges some and marks them as leaving; `look` only judges one, and writes nothing.

    Raises:
        Exception: where nothing at all of a claim can be judged. Then it may be our fault (`ours_or_theirs`),
            and what is left of the claim is put off.
    """
    leaving, errors = _one_by_one(mark, ids)
    if len(errors) < len(ids) or _judges_another(batch.ids, ids, look):
        after_errors(database, batch.claim.id, errors, now=now)
        return leaving
    ours_or_theirs(database, batch.claim.id, batch.ids, errors, now=now)
    if len(batch.ids) > 1:
        raise errors[ids[0]]
    return leaving


def _judges_another(claimed: Sequence[int], ids: Sequence[int], look: Callable[[int], None]) -> bool:
    """Ask about the rest of the claim, one at a time, until one can be judged.

    Whoever has come to a later handful has judged something in this claim before.
    """
    if ids[0] != claimed[0]:
        return True
    for one in claimed[len(ids) :]:
        try:
            look(one)
        except Exception as fault:
            if not may_be_a_messages(fault):
                raise
        else:
            return True
    return False


def _one_by_one(
    mark: Callable[[Sequence[int]], list[Leaving]], ids: Sequence[int]
) -> tuple[list[Leaving], dict[int, Exception]]:
    """Judge and mark each alone: those that leave, and the error of each that cannot be judged."""
    leaving: list[Leaving] = []
    errors: dict[int, Exception] = {}
    for one in ids:
        try:
            leaving += mark([one])
        except _FAULTS as error:
            if not may_be_a_messages(error):
                raise
            log.exception("a message could not be judged", extra={"message_id": one})
            errors[one] = error
    return leaving, errors
