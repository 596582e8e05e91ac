"""A batch over which the planner fails: which enrolments are to blame, or whether we are (decision 0009)."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from crm.delivery.ports import BATCH_LIMIT
from crm.kernel.db import Database
from crm.queries.sending.due_steps import DueStep, due_steps
from crm.workflows.sending.whose_fault import may_be_a_messages

log = logging.getLogger(__name__)

R = TypeVar("R")

_AHEAD: Final = timedelta(days=60)
_MOST: Final = 1_000
"""Enrolments that come up later, among which some are asked for comparison."""


def alone(work: Callable[[int], R], enrolment_ids: Iterable[int]) -> tuple[list[R], dict[int, Exception]]:
    """Do one after the other: what came of those that went well, and the errors of the others.

    Raises:
        Exception: one that no enrolment can have made: the database is away, the disk is full.
    """
    done: list[R] = []
    errors: dict[int, Exception] = {}
    for one in enrolment_ids:
        try:
            done.append(work(one))
        except Exception as fault:
            if not may_be_a_messages(fault):
                raise
            log.exception("an enrolment could not be planned", extra={"enrolment_id": one})
            errors[one] = fault
    return done, errors


def are_to_blame(
    failed: Mapping[int, Exception],
    others: Sequence[int] = (),
    can: Callable[[int], bool] = lambda _: False,
) -> bool:
    """Tell whether enrolments that failed, while none came through, made the fault themselves.

    They did where another one comes through. Where none does, numbers decide: more than a handful that fail,
    those compared with counted, are a fault of ours.
    """
    number = len(failed)
    for one in others:
        try:
            if can(one):
                return True
        except Exception as fault:
            if not may_be_a_messages(fault):
                raise
            number += 1
    return number <= BATCH_LIMIT


def for_comparison(session: Session, failed: Mapping[int, Exception], *, now: datetime) -> list[int]:
    """Some who come up later: the last of each sequence first, then whoever is last."""
    later = due_steps(session, until=now + _AHEAD, limit=_MOST)
    others = [one for one in later if one.enrolment_id not in failed]
    spread: list[DueStep] = [*{one.sequence_id: one for one in others}.values(), *reversed(others)]
    return list(dict.fromkeys(one.enrolment_id for one in spread))[: BATCH_LIMIT + 1]


def on_trial(database: Database, work: Callable[[Session], R]) -> R:
    """Do it, and take it back: what would have come of it."""
    with database.transaction() as session:
        came = work(session)
        session.rollback()
    return came
