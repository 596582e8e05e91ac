"""What a timeline is made of."""

import enum
from dataclasses import dataclass
from datetime import datetime

from crm.queries.sending.origins import Origin


class Kind(enum.StrEnum):
    """What sort of thing happened."""

    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    MAIL = "mail"
    REPLY = "reply"
    OPENING = "opening"
    STATUS = "status"
    SERIES = "series"
    TASK = "task"
    LEAD = "lead"
    SOURCE = "source"
    WISH = "wish"
    """They told us to stop, or used a right."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: Kind
    at: datetime
    id: int
    who: str = ""
    """The colleague; empty for the program and for the prospect."""

    code: str = ""
    """A further value: a message's state, a reply's class, a status."""

    subject: str = ""
    text: str = ""
    detail: str = ""
    origin: Origin | None = None
    """Of a mail of a sequence: which step of which version, and which text."""
