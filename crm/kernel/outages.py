"""Whose fault an error of the database is: its own, and trying later helps, or that of what it was asked."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError

CHOSEN: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of a transaction that was chosen to fail: serialization failure, deadlock."""

_STATES: Final = CHOSEN | {"55P03", "25006"}
"""And of one that waited too long for a lock, or met a standby that takes no writes."""

_CLASSES: Final = ("08", "53", "57P", "58")
"""Connection lost, no resources left, shut down by somebody, trouble of the system below."""

_ASKED_WRONGLY: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
)


def is_outage(error: BaseException) -> bool:
    """Tell whether the database is away, full or busy; what it was asked is then not to blame.

    Everything else fails again however often it is tried: a value that no column takes, a question beyond
    the limits of the program (class 54), a fault of ours.
    """
    if isinstance(error, NoConnectionLeftError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _STATES or state.startswith(_CLASSES)
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is None or code & 0xFF not in _ASKED_WRONGLY
