"""What the program asks a person when it does not go on by itself: titles of tasks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crm.sequences.models import StopReason

QUESTIONS: Final[Mapping[StopReason, str]] = MappingProxyType(
    {
        StopReason.TOO_LATE: "This step was due too long ago. Should it still go, or be skipped?",
        StopReason.BLOCKED: "The mail could not be written: a value is missing, or the text has a fault.",
        StopReason.IN_DOUBT: "The sequence waits: somebody has to decide whether it goes on.",
    }
)
