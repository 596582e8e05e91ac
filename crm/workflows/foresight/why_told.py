"""What comes next for somebody and what is in the way: the answer to "why (not)?", as values and words."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from crm.permission.findings import Decision, Finding
from crm.permission.reasons import Mender
from crm.permission.words import WHO, beside
from crm.queries.sending.whereabouts import Place
from crm.sequences.models import StepKind, StopReason


class Next(enum.StrEnum):
    """What happens if planner and sender look now."""

    LEAVES = "leaves"
    LEAVING = "leaving"
    """A worker has it in hand."""

    WAITS = "waits"
    """Time alone lets it go on, or a resume of ours; nothing about it changes."""

    STOPS = "stops"
    ASKS = "asks"
    """It is paused, and a colleague is asked."""

    TASK = "task"
    """A colleague is given something to do."""

    PASSES = "passes"
    """A wait step is over: the next one begins."""

    ENDS = "ends"
    NOTHING = "nothing"
    """It goes on when somebody does something."""


class Bar(enum.StrEnum):
    """What holds somebody's next mail, beside the gate's own reasons."""

    NOT_ENROLLED = "not_enrolled"
    PAUSED = "paused"
    APPROVAL = "approval"
    TASK_OPEN = "task_open"
    UNCERTAIN = "uncertain"
    IN_HAND = "in_hand"
    STEP_AHEAD = "step_ahead"
    TOO_LATE = "too_late"
    ADDRESS_CHANGED = "address_changed"
    OFFICE_CLOSED = "office_closed"
    DAY_IS_FULL = "day_is_full"
    MAILBOX_RESTS = "mailbox_rests"
    IN_LINE = "in_line"


class Obstacle(NamedTuple):
    """One thing in the way: one of ours, or a finding of the gate."""

    what: Bar | Finding
    mender: Mender
    until: datetime | None = None
    """When it ends by itself."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes next for somebody."""

    next: Next
    at: datetime | None
    """When the next step happens, as things stand. None: not by itself."""

    obstacles: tuple[Obstacle, ...]
    """In the order in which they are asked; what time alone removes as well."""

    decision: Decision
    """The gate's whole answer, as of the moment the next mail would leave."""

    place: Place | None = None
    position: int = 0
    reason: StopReason | None = None
    """With `stops` and `asks`: what will be written down."""

    step: StepKind | None = None
    """What the next step is; None in no sequence, and behind the last step."""


_BARS: Final[Mapping[Bar, tuple[str, str]]] = MappingProxyType(
    {
        Bar.NOT_ENROLLED: ("They are in no sequence", "enrol them, or write a mail"),
        Bar.PAUSED: ("Their sequence is paused", "resume it on their page"),
        Bar.APPROVAL: ("Their first mail waits for approval", "approve it under To approve"),
        Bar.TASK_OPEN: ("A task has to be done first", "tick it off under Today"),
        Bar.UNCERTAIN: ("Nobody knows whether their last mail left", "decide under In doubt"),
        Bar.IN_HAND: ("Their mail is leaving now", "it is a matter of seconds"),
        Bar.STEP_AHEAD: ("The next step is not due yet", "nothing needs doing"),
        Bar.TOO_LATE: (
            "The step was due too long ago",
            "resume the sequence on their page if it still should go, or stop it",
        ),
        Bar.ADDRESS_CHANGED: ("Their address is another one by now", "enrol them again"),
        Bar.OFFICE_CLOSED: ("Their office is closed", "it opens by itself"),
        Bar.DAY_IS_FULL: ("The mailbox has sent enough for today", "the next day has room again"),
        Bar.MAILBOX_RESTS: ("The mailbox rests between two mails", "it goes on by itself"),
        Bar.IN_LINE: ("Others of the same mailbox go first", "their turn comes"),
    }
)
_PAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "by_staff": "a colleague paused it",
        "out_of_office": "they are away",
        "snoozed": "they asked us to write later",
        "in_doubt": "we are not sure, and a colleague was asked",
        "blocked": "a text lacked a value",
        "too_late": "the step was due too long ago",
        "meeting": "a meeting was noted",
        "replied": "an answer came in",
    }
)


_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "by_staff": "a colleague paused it",
        "bounces": "a guardrail stopped it: too much of its mail came back",
        "complaints": "a guardrail stopped it: too many called its mail spam",
        "blocks": "a guardrail stopped it: too many servers refused its mail",
        "content": "a server called its mail too big or badly formed",
        "authentication": "its domain fails SPF, DKIM or DMARC",
        "our_proof": "recipients' servers do not believe that the mail is ours",
        "login_refused": "the provider refused our login or key",
        "sender_refused": "the provider does not let us send, or not as this address",
        "tls_failed": "the connection to the provider could not be made safe",
        "misconfigured": "the provider says that our settings are wrong",
        "quota": "the provider says that our quota is used up",
    }
)


class Said(NamedTuple):
    """One obstacle in words."""

    title: str
    detail: str
    mend: str
    """Who can change it, and how."""


def say(one: Obstacle, decision: Decision) -> Said:
    """Put an obstacle into words, one of the gate beside the others of its decision."""
    if isinstance(one.what, Finding):
        said = beside(one.what, decision)
        cause = _CAUSES.get(one.detail, one.detail.replace("_", " "))
        told = f"{said.detail} {_sentence(cause)}".strip()
        return Said(said.title, told if cause else said.detail, said.mend)
    title, mend = _BARS[one.what]
    return Said(title, _detail(one), f"{WHO[one.mender]} {mend}.")


def _detail(one: Obstacle) -> str:
    match one.what:
        case Bar.PAUSED:
            return _sentence(_PAUSES.get(one.detail, one.detail.replace("_", " ")))
        case Bar.DAY_IS_FULL:
            number, _, ramp = one.detail.partition(" ")
            return f"{number} a day at most{', fewer while it is new' if ramp else ''}."
        case Bar.IN_LINE:
            return f"{one.detail} before them."
        case _:
            return one.detail


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}." if said else ""


_NEXT: Final[Mapping[Next, str]] = MappingProxyType(
    {
        Next.LEAVES: "Their next mail leaves now.",
        Next.LEAVING: "Their next mail is leaving.",
        Next.WAITS: "Their next {step} waits.",
        Next.STOPS: "Their sequence stops here.",
        Next.ASKS: "Their sequence pauses here, and a colleague is asked.",
        Next.TASK: "A colleague gets a task next.",
        Next.PASSES: "A wait is over; the next step begins.",
        Next.ENDS: "Their sequence is at its end.",
        Next.NOTHING: "No mail leaves by itself.",
    }
)
_STEPS: Final[Mapping[StepKind | None, str]] = MappingProxyType(
    {StepKind.EMAIL: "mail", StepKind.TASK: "task", StepKind.WAIT: "step", None: "mail"}
)


def headline(one: Outlook) -> str:
    """What comes next, in a sentence; its moment is told beside it."""
    if one.next in {Next.WAITS, Next.NOTHING} and one.at is not None:
        return "Their next step comes by itself."
    if one.next is Next.NOTHING and one.step in {StepKind.TASK, StepKind.WAIT}:
        return "Nothing goes on by itself."
    return _NEXT[one.next].format(step=_STEPS[one.step])


def next_step(one: Outlook) -> str:
    """What the moment of an outlook is the moment of: `Next mail`, `Next task` or `Next step`."""
    return f"Next {_STEPS[one.step]}"
