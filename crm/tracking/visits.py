"""Whose unsubscribe page was asked for in the last seconds, known to every web process and written nowhere.

A mail scanner fetches the pixel and the links of a message at once (standards §4.2), and its two requests may
be answered by two processes. They share a piece of memory that was made before the server forked: no file, no
table, nothing that outlives the server.
"""

import mmap
import struct
from datetime import datetime
from typing import Final

_ENTRY: Final = struct.Struct("=qd")  # which message, and when (real time, in seconds)
_PLACES: Final = (
    4_096  # of 16 bytes; two messages at one place forget each other, which costs a class and no more
)


class Visits:
    """When the page of each of the last few thousand messages was asked for.

    Messages are named by the reference that their links carry. Two processes may write one place at a time:
    the worst is that a visit is missed.
    """

    def __init__(self) -> None:
        """Take the memory. Processes forked afterwards share it."""
        self._memory = mmap.mmap(-1, _ENTRY.size * (_PLACES + 1))

    def note(self, message: str, at: datetime) -> None:
        """Remember that the page was asked for at this (real) time."""
        key = hash(message)  # the same in every process that one interpreter forked
        _ENTRY.pack_into(self._memory, _ENTRY.size * (key % _PLACES), key, at.timestamp())
        _ENTRY.pack_into(self._memory, _ENTRY.size * _PLACES, 0, at.timestamp())

    def seconds_since(self, message: str, at: datetime) -> float | None:
        """How long before `at` it was asked for last, negative when after; None when it is not known."""
        key = hash(message)
        noted, moment = _ENTRY.unpack_from(self._memory, _ENTRY.size * (key % _PLACES))
        return at.timestamp() - moment if noted == key else None

    def any_since(self, at: datetime) -> bool:
        """Tell whether any page was asked for since then: mostly none was, and nobody need look further."""
        _, moment = _ENTRY.unpack_from(self._memory, _ENTRY.size * _PLACES)
        return bool(moment >= at.timestamp())
