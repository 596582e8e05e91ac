"""What we think a reply is, as a label a colleague can give it: accepted with one key, never by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from crm.replies.models import InboundMail
from crm.web.staff import times
from crm.workflows.inbox.handle_reply import Label, day_for

OBJECTION: Final = "objection"
"""Not a label: it has a page of its own, because it cannot be undone."""

_FAR: Final = timedelta(days=300)

_WHY: Final[Mapping[tuple[str, str], tuple[str, str]]] = MappingProxyType(
    {
        ("person", "interested"): (Label.INTERESTED, "They ask for a call, a price or an example."),
        ("person", "other_desk"): (Label.OTHER, "They name somebody else."),
        ("person", "left_company"): (Label.OTHER, "They write that somebody has left."),
        ("person", "mailbox_closed"): (Label.OTHER, "They write that this mailbox is not read any more."),
        ("unclear", "not_now"): (Label.LATER, "They put us off."),
        ("unclear", "out_of_office"): (Label.LATER, "They seem to be away."),
        ("unclear", "negated"): (Label.GO_ON, "It has words of a no, and turns them."),
        ("unclear", "quoted"): (OBJECTION, "There are words of a no below their name."),
        ("unclear", "mixed"): (OBJECTION, "It says stop, and something else."),
        ("unclear", "word"): (OBJECTION, "It may be a no in other words."),
        ("unclear", "unsure"): (OBJECTION, "Nothing in it says that it is an ordinary answer."),
    }
)
_LABELS: Final = (
    ("interested", "Interested", "star"),
    ("later", "Not now", "alarm-clock"),
    ("other", "Other desk", "user-x"),
)
_GO_ON: Final = ("go_on", "Not a no: go on", "play")
_FOUND: Final = {
    Label.INTERESTED.value: "Interested",
    Label.LATER.value: "Not now",
    Label.OTHER.value: "Other desk",
    Label.GO_ON.value: "Not a no: go on",
    OBJECTION: "Objection",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The label, what it will do, and why we think so."""

    label: str
    text: str
    why: str


def suggestion(mail: InboundMail, now: datetime) -> Suggestion | None:
    """What a colleague probably wants to press; None when it could be anything."""
    found = _WHY.get((mail.kind, mail.sub))
    if found is None and mail.kind == "person" and mail.until is not None:
        found = (Label.LATER.value, "They name a day.")
    if found is None:
        return None
    label, why = found
    if label != Label.LATER:
        return Suggestion(label, _FOUND[label], why)
    return Suggestion(label, f"Not now: until {_day(day_for(mail, now).date(), now)}", why)


def labels(kind: str, *, is_known: bool) -> list[tuple[str, str, str]]:
    """What can be said of a reply of this kind: value, text, icon.

    A spam report is nobody's answer: what can be said of one is that whoever it names may go on.
    """
    if kind == "complaint":
        return [_GO_ON] if is_known else []
    return [*_LABELS, _GO_ON] if kind in {"unclear", "rights"} else [*_LABELS]


def _day(day: date, now: datetime) -> str:
    """`1 September`, with the year when it is far."""
    year = f" {day.year}" if day - times.local(now).date() > _FAR else ""
    return f"{day.day} {day:%B}{year}"
