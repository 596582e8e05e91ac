"""What a look at an installation finds."""

import enum
from dataclasses import dataclass


class Health(enum.IntEnum):
    """How bad it is."""

    WELL = 0
    LOOK = 1
    """Works, and may not be meant so."""

    ILL = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    health: Health
    what: str
    words: str
