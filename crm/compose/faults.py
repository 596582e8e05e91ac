"""What can be wrong with a template, in words for the person who wrote it."""

import enum
from dataclasses import dataclass

from crm.kernel.errors import CrmError


class Severity(enum.StrEnum):
    """An error keeps the template from being saved; a warning is advice."""

    ERROR = "error"
    WARNING = "warning"


class FaultCode(enum.StrEnum):
    """Kinds of faults, stable, for tests and for counting."""

    TOO_LONG = "too_long"
    EMPTY = "empty"
    UNCLOSED = "unclosed"
    SYNTAX = "syntax"
    SINGLE_BRACE = "single_brace"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_FILTER = "unknown_filter"
    DEFAULT_MISSING = "default_missing"
    DEFAULT_UNUSABLE = "default_unusable"
    FOREIGN_PLACEHOLDER = "foreign_placeholder"
    BARE_NONE = "bare_none"
    HIDDEN_CHARACTER = "hidden_character"
    LINE_BREAK = "line_break"
    FALSE_REPLY = "false_reply"
    LONG_SUBJECT = "long_subject"
    LONG_LETTER = "long_letter"
    MANY_LINKS = "many_links"
    INSECURE_LINK = "insecure_link"
    HIDDEN_LINK = "hidden_link"
    FIELD_IN_LINK = "field_in_link"
    MARKUP = "markup"


class Part(enum.StrEnum):
    """Which of the two texts of a template."""

    SUBJECT = "subject"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend, and where."""

    code: FaultCode
    words: str
    line: int
    """From 1."""

    column: int
    """From 1, in characters."""

    part: Part = Part.BODY
    severity: Severity = Severity.ERROR


class TemplateFaultError(CrmError):
    """The template does not compile; `faults` lists everything found at once, in the order of the text."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("this template has faults: " + ", ".join(sorted({fault.code for fault in faults})))
        self.faults = faults


class MissingValueError(CrmError):
    """A field has no value and the template names no other: this message is not sent, others are."""

    def __init__(self, field: str) -> None:
        super().__init__(f"no value for {field}")
        self.field = field


class UnusableValueError(MissingValueError):
    """A value looks like a field itself, or is far too long: this message is not sent, others are."""


def place(source: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)
