"""Invented people, companies and figures for the design pages: samples.json, and three forms."""

import json
from pathlib import Path
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    FileField,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import AnyOf, DataRequired

SAMPLES = Path(__file__).with_name("samples.json")
KINDS = [("note", "Note"), ("call", "Call"), ("meeting", "Meeting")]
FOLLOW_UPS = [("", "No follow-up"), ("1", "Tomorrow"), ("7", "Next week")]
REPLIES = [("interested", "Interested"), ("later", "Not now"), ("other", "Other desk"), ("stop", "Objection")]
BASES = [("consent", "They asked"), ("published_address", "They published it")]


class NoteForm(Form):
    kind = RadioField("What is it?", choices=KINDS, default="note")
    body = TextAreaField("Note")
    follow_up = SelectField("Follow up", choices=FOLLOW_UPS)


class ReplyForm(Form):
    sort = RadioField("This reply is", choices=REPLIES, default="interested")


class ProspectForm(Form):
    name = StringField("Name", validators=[DataRequired("Give a name, or the desk.")])
    address = EmailField("Address", validators=[AnyOf([""], "This is not an address.")])
    why = TextAreaField("Why this company?")
    country = SelectField("Country", choices=[("nl", "Netherlands"), ("de", "Germany")])
    basis = RadioField("Basis", choices=BASES, default="consent")
    sure = BooleanField("The address was published for this")
    file = FileField("File")


def frame_context() -> dict[str, Any]:
    """What layouts and pages expect from the web application, invented."""
    faulty = ProspectForm(
        MultiDict({"name": "", "address": "not an address", "country": "nl", "basis": "consent"})
    )
    faulty.validate()
    told: dict[str, Any] = json.loads(SAMPLES.read_text(encoding="utf-8"))
    return {**told, "note_form": NoteForm(), "reply_form": ReplyForm(), "bad_form": faulty}
