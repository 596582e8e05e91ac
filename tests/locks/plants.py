"""Faults planted in the one way to open a transaction, and around the mailer: each must be found."""

import enum
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import Connection

from crm.kernel import faults, sqlite
from tests.crash import plants as of_the_protocol
from tests.crash.plants import Dispatch, dispatch_of


class Plant(enum.StrEnum):
    NONE = "none"
    IMPATIENT = "impatient"
    """A writer does not wait for another one (busy timeout 0)."""

    DEFERRED = "deferred"
    """A transaction takes the lock with its first write (BEGIN instead of BEGIN IMMEDIATE)."""

    MAIL_INSIDE = "mail_inside"
    """Claim, mark, hand-over and outcome in one transaction."""

    ASLEEP = "asleep"
    """A transaction that waits for something else, without working."""

    CROWDED = "crowded"
    """None is too long, and together they keep everybody waiting."""


_POINTS = {
    Plant.ASLEEP: "record.before_commit=sleep:0.3",
    Plant.CROWDED: (
        "reaper.mid=sleep:0.2,plan.before_commit=sleep:0.2,refuse.before_commit=sleep:0.2,"
        "events.before_commit=sleep:0.2,events.mid_batch=sleep:0.2,import.batch.before_commit=sleep:0.2"
    ),
}


def plant(chosen: Plant) -> AbstractContextManager[None]:
    """Plant it in this process, which must not be the test's own."""
    if chosen is Plant.IMPATIENT:
        setattr(sqlite, "BUSY_TIMEOUT", 0)  # noqa: B010 - a constant
    if chosen is Plant.DEFERRED:
        setattr(sqlite, "_begin_to_write", _begin)  # noqa: B010 - it is not ours
    return faults.planned(_POINTS[chosen]) if chosen in _POINTS else nullcontext()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def sending(chosen: Plant) -> Dispatch:
    """How a worker sends."""
    inside = chosen is Plant.MAIL_INSIDE
    protocol = of_the_protocol.Plant
    return dispatch_of(protocol.NO_CLAIM_COMMIT if inside else protocol.NONE)
