"""What the replies room asks of the place where inbound mail lies."""

from collections.abc import Iterator
from typing import Protocol


class InboundMailbox(Protocol):
    """Mail that came in. A message stays unseen until it was stored: lose none, see some twice."""

    def unseen(self, limit: int = 100) -> Iterator[tuple[str, bytes]]:
        """Key and bytes of messages that nobody kept yet, oldest first; the bytes as they came."""
        ...

    def keep(self, key: str) -> bool:
        """Mark a message as read, after it was stored for good; False when somebody else had."""
        ...

    def quarantine(self, key: str) -> bool:
        """Lay a message aside that could not be read, for a person; False when it is no longer there."""
        ...
