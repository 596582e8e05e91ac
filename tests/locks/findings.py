"""The verdict on what six processes met at one database."""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.locks.watch import LONGEST, Held, Waited

LONGEST_WAIT = 0.5
"""Seconds within which 99 of 100 writers have the lock."""

HICCUPS = 0.001
"""The share of transactions in which a disk or a host may have stood still; one, in a short run."""


@dataclass
class Findings:
    """What they counted, all together."""

    done: dict[str, int] = field(default_factory=dict)
    """How often each did what it is there for."""

    died: list[str] = field(default_factory=list)
    """Tracebacks."""

    locked: list[str] = field(default_factory=list)
    while_mailing: int = 0
    waited: list[Waited] = field(default_factory=list)
    held: dict[str, list[Held]] = field(default_factory=dict)

    @property
    def waits(self) -> list[float]:
        """Seconds of each, without what the lock's holder stood in line for a processor meanwhile."""
        holders = sorted((one for held in self.held.values() for one in held), key=lambda one: one.begun)
        begins = [one.begun for one in holders]
        found = []
        for wait in self.waited:
            first = max(bisect(begins, wait.begun) - 1, 0)
            during = holders[first : bisect(begins, wait.ended)]
            found.append(max(wait.own - sum(_in_line(one, wait) for one in during), 0.0))
        return found

    @property
    def wrong(self) -> set[str]:
        """Each fault by its name."""
        faults: dict[str, object] = {
            "died": self.died,
            "locked": self.locked,
            "while_mailing": self.while_mailing,
            "waits": self.waited and at_rank(self.waits, 0.99) > LONGEST_WAIT,
            "too_long": any(is_too_long(one) for one in self.held.values()),
        }
        return {name for name, found in faults.items() if found}

    def __str__(self) -> str:
        lines = [", ".join(f"{count} {what}" for what, count in self.done.items())]
        for name, waits in (
            ("own", self.waits),
            ("by the wall", [one.ended - one.begun for one in self.waited]),
        ):
            told = " ".join(f"{at_rank(waits, share) * 1e3:.1f}" for share in (0.5, 0.99, 0.999, 1.0))
            lines.append(f"{len(waits)} waits {name}, ms at 50, 99, 99.9, 100 %: {told}")
        for who, held in self.held.items():
            own, whole = sorted(one.own for one in held), max(one.whole for one in held)
            worked = max(one.worked for one in held)
            long = f"own {own[-1] * 1e3:.0f}, worked {worked * 1e3:.0f}, by the wall {whole * 1e3:.0f}"
            lines.append(
                f"{who}: {len(held)} held, ms at 99 %: {at_rank(own, 0.99) * 1e3:.1f}; longest {long}"
            )
        return "\n".join([*lines, f"wrong: {sorted(self.wrong)}", *self.died, *self.locked[:5]])


def is_too_long(held: Sequence[Held]) -> bool:
    """Work is the program's own, so once is too often; a standstill of the disk is forgiven once."""
    worked = any(one.worked > LONGEST for one in held)
    return worked or sum(one.own > LONGEST for one in held) > max(1, HICCUPS * len(held))


def _in_line(holder: Held, wait: Waited) -> float:
    """What of a holder's time in line fell into a wait, were it spread evenly."""
    both = min(holder.begun + holder.whole, wait.ended) - max(holder.begun, wait.begun)
    return holder.in_line * max(both, 0.0) / holder.whole if holder.whole else 0.0


def at_rank(figures: Sequence[float], share: float) -> float:
    """The figure that so large a share does not exceed."""
    return sorted(figures)[max(math.ceil(share * len(figures)) - 1, 0)]
