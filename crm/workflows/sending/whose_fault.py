"""A handful that cannot be judged: which of its messages is to blame (decision 0009)."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from crm.kernel.errors import CrmError
from crm.workflows.sending.judge import Leaving

log = logging.getLogger(__name__)

_FAULTS: Final = (
    CrmError, SQLAlchemyError, LookupError, ValueError, TypeError, AttributeError, AssertionError,
    ArithmeticError, RecursionError, MemoryError,
)  # fmt: skip


def may_be_a_messages(fault: Exception) -> bool:
    """Tell whether one message may have made the gate raise it: none has where the database is away."""
    return isinstance(fault, _FAULTS) and not isinstance(fault, OperationalError)


def one_by_one(
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
