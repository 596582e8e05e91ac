"""What the replies room asks of the place where inbound mail lies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

Stopping = Callable[[], bool]

SIZE_LIMIT: Final = 40 * 2**20
"""Of larger messages only the beginning is read: what people write stands before what they attach."""

CUT: Final = 2**20
"""Bytes that this beginning has."""


def cut(beginning: bytes, size: int) -> bytes:
    """The beginning of a message of `size` bytes, with a line that says so to whoever looks at it."""
    return b"X-Crm-Cut: %d\r\n%b" % (size, beginning[:CUT])


@dataclass(frozen=True, slots=True)
class InboxLook:
    """What somebody sees who looks whether mail can be read there."""

    works: bool
    words: str
    """For a person; names no correspondent."""


class PostSignature(Protocol):
    """Tells who posts inbound mail to us."""

    def holds(self, headers: Sequence[tuple[str, str]], body: bytes, *, now: datetime) -> bool:
        """Tell whether the provider signed these bytes within its time; `now` is real time."""
        ...


class InboundMailbox(Protocol):
    """Mail that came in. A message stays unseen until it was stored: lose none, see some twice.

    A place that cannot be reached shows nothing, and is tried again by and by. For one thread at a time.
    """

    def unseen(self, limit: int = 100) -> Iterator[tuple[str, bytes]]:
        """Key and bytes of messages that nobody kept yet, oldest first; the bytes as they came."""
        ...

    def keep(self, key: str) -> bool:
        """Mark a message as read, after it was stored for good; False when somebody else had."""
        ...

    def quarantine(self, key: str) -> bool:
        """Lay a message aside that could not be read, for a person; False when it is no longer there."""
        ...

    def wait(self, seconds: float, stopping: Stopping) -> bool:
        """Wait for mail, at most so long or until told to stop; True when it is worth a look.

        False at once where nobody can call us.
        """
        ...

    @property
    def is_readable(self) -> bool:
        """Tell whether the last try to read succeeded; True before the first."""
        ...

    def look(self) -> InboxLook:
        """See whether it works, now."""
        ...

    def close(self) -> None:
        """Give back connections; reading again opens new ones."""
        ...
