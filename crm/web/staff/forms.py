"""Forms that several staff pages use."""

from datetime import date, datetime, timedelta

from wtforms import DateField, Form, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from crm.conversations.models import NoteKind
from crm.conversations.notes import LONGEST
from crm.kernel.ids import new_public_id
from crm.kernel.zones import instant
from crm.web.staff.times import HOME, local

CHOSEN_DAY = "on"
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
            (CHOSEN_DAY, "On a day…"),
        ],
        default="",
    )
    follow_on = DateField("Day of the follow-up", [Optional()])
    once = HiddenField(default=new_public_id)
    """One press of the button is one note, however often the request is repeated."""

    def missing_day(self, now: datetime) -> str:
        """What is wrong with the day they chose; empty when nothing is."""
        if self.follow_up.data != CHOSEN_DAY:
            return ""
        if self.follow_on.data is None:
            return "Choose the day of the follow-up. Nothing was saved yet."
        return "Choose a day from today on. Nothing was saved yet." if self._is_past(now) else ""

    def _is_past(self, now: datetime) -> bool:
        day: date | None = self.follow_on.data
        return day is not None and day < local(now).date()

    def follow_up_at(self, now: datetime) -> datetime | None:
        """Nine in the morning on the day chosen; None for no follow-up.

        So many days ahead moves on to Monday from a weekend; a day that was picked stays.
        """
        chosen, day = self.follow_up.data or "", self.follow_on.data
        if chosen != CHOSEN_DAY:
            days = _FOLLOW_UPS.get(chosen, 0)
            day = local(now).date() + timedelta(days=days) if days else None
            if day is not None:
                day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))
        if day is None:
            return None
        return instant(datetime(day.year, day.month, day.day, 9), HOME)  # noqa: DTZ001 - a wall clock, made an instant here
