"""Messages over which a worker crashed, as their outcome tells while they wait for the next claim.

An error names its message. A death does not: whoever was in the dead worker's hand is claimed alone from then
on, and only a death with nothing else in hand counts against a message (decision 0009).
"""

from typing import Final

LOST: Final = "worker_lost"
"""The worker that had it is gone, nobody knows why; the number that may follow counts its deaths alone."""

RAISED: Final = "raised"
"""Judging it raised an error, whose name follows."""

LAID_ASIDE: Final = "crashes"
"""A person looks at it."""

MOST_DEATHS: Final = 6
"""Workers that die with nothing but this message in hand. A kill from outside looks the same: of those that
the crash tests kill, one in ten of the messages that were alone is hit, so two would often be chance."""


def raised(error: Exception) -> str:
    """The outcome of a message whose judging raised this. The name alone: the text may hold a person."""
    return f"{RAISED} {type(error).__name__}"


def has_raised(outcome: str) -> bool:
    """Tell whether the last claim ended in an error: the second in a row is the last."""
    return outcome.startswith(f"{RAISED} ")


def is_noted(outcome: str) -> bool:
    """Tell whether the last claim of a message ended in a crash; getting past the gate wipes that out."""
    return outcome.partition(" ")[0] in {LOST, RAISED}


def died(outcome: str) -> str:
    """The outcome after one more death: who had crashed before was alone this time."""
    if not is_noted(outcome):
        return LOST
    deaths = _alone(outcome) + 1
    return LAID_ASIDE if deaths >= MOST_DEATHS else f"{LOST} {deaths}"


def _alone(outcome: str) -> int:
    first, _, number = outcome.partition(" ")
    return int(number) if first == LOST and number.isdigit() else 0
