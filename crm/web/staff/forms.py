"""Forms that several staff pages use."""

from datetime import datetime, timedelta

from wtforms import Form, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from crm.conversations.models import NoteKind
from crm.conversations.notes import LONGEST
from crm.kernel.ids import new_public_id
from crm.kernel.zones import instant
from crm.web.staff.times import HOME, local

_FOLLOW_UPS = {"": 0, "tomorrow": 1, "3": 3, "7": 7, "14": 14, "30": 30, "90": 90}


class NoteForm(Form):
    """What was said, and what comes next."""

    kind = RadioField(
        "What was it?",
        choices=[
            (NoteKind.NOTE.value, "Note"),
            (NoteKind.CALL.value, "Call"),
            (NoteKind.MEETING.value, "Meeting"),
        ],
        default=NoteKind.NOTE.value,
    )
    body = TextAreaField(
        "Note",
        [
            InputRequired("Type what was said. Nothing was saved yet."),
            Length(max=LONGEST, message=f"At most {LONGEST:,} characters. Your text is still here."),
        ],
    )
    follow_up = SelectField(
        "Follow up",
        choices=[
            ("", "No follow-up"),
            ("tomorrow", "Tomorrow"),
            ("3", "In 3 days"),
            ("7", "In a week"),
            ("14", "In two weeks"),
            ("30", "In a month"),
            ("90", "In three months"),
        ],
        default="",
    )
    once = HiddenField(default=new_public_id)
    """One press of the button is one note, however often the request is repeated."""


def follow_up_at(chosen: str, now: datetime) -> datetime | None:
    """Nine in the morning on the day chosen, moved on to Monday from a weekend; None for no follow-up."""
    days = _FOLLOW_UPS.get(chosen, 0)
    if not days:
        return None
    day = local(now).date() + timedelta(days=days)
    day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))
    return instant(datetime(day.year, day.month, day.day, 9), HOME)  # noqa: DTZ001 - a wall clock, made an instant here
