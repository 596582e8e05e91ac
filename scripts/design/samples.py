"""Invented people, companies and figures for the design pages."""

from types import SimpleNamespace
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
from wtforms.validators import DataRequired, Email, Optional


class NoteForm(Form):
    kind = RadioField(
        "What is it?", choices=[("note", "Note"), ("call", "Call"), ("meeting", "Meeting")], default="note"
    )
    body = TextAreaField("Note")
    follow_up = SelectField("Follow up", choices=[("", "No follow-up"), ("1", "Tomorrow"), ("7", "Next week")])


class ReplyForm(Form):
    sort = RadioField(
        "This reply is",
        choices=[
            ("interested", "Interested"),
            ("later", "Not now"),
            ("other", "Other desk"),
            ("stop", "Objection"),
        ],
        default="interested",
    )


class ProspectForm(Form):
    name = StringField("Name", validators=[DataRequired("Give a name, or the desk.")])
    address = EmailField("Address", validators=[Email("This is not an address.")])
    why = TextAreaField("Why this company?", validators=[Optional()])
    country = SelectField("Country", choices=[("nl", "Netherlands"), ("de", "Germany")])
    basis = RadioField(
        "Basis", choices=[("consent", "They asked"), ("published_address", "They published it")], default="consent"
    )
    sure = BooleanField("The address was published for this")
    file = FileField("File")


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def event(icon: str, tone: str, who: str, what: str, when: str, **more: Any) -> SimpleNamespace:
    given = {"slim": not more, "text": "", "subject": None, "lang": "nl", "theirs": False, "undo_url": None, **more}
    return thing(icon=icon, tone=tone, who=who, what=what, when=when, iso="2026-11-24T08:42", **given)


REPLY = "Beste Sanne,\n\nKlinkt interessant. We fotograferen nu zelf en lopen drie weken achter met de nieuwe collectie. Hebt u donderdag tijd voor een kort gesprek, liefst na 14.00 uur?\n\nGroet,\nMarieke"
DAYS = [
    (
        "Today, Tuesday 24 November",
        [
            event("reply", "plum", "Marieke Veldhoen", "replied", "08:42", subject="Re: Productfoto’s van uw eigen voorraad", text=REPLY, theirs=True),
            event("route", "", "Webshops NL", "stopped by itself: they replied", "08:42"),
        ],
    ),
    (
        "Friday 20 November",
        [
            event("send", "info", "Mail 2 of 3", "sent by Webshops NL", "09:12", subject="Re: Productfoto’s van uw eigen voorraad", text="Twee regels: Scheldekaai had 140 artikelen binnen een week online. Zal ik laten zien hoe?"),
            event("mail-check", "", "", "Accepted by their server", "09:12"),
            event("eye", "", "Opened", "by a proxy (Apple), which is not a sign of interest", "09:30"),
        ],
    ),
    ("Thursday 19 November", [event("phone", "wait", "You", "called, 4 min", "11:30", text="Asks whether we photograph furniture at home. Yes, from ten pieces. Wants to see one example first.", lang="en", undo_url="/undo/1")]),
]
VERDICT = thing(
    state="yes",
    sentence="Yes, answer them",
    more="They wrote to you today. A new mail may go from tomorrow.",
    acts=[thing(state="yes", name="Answer", note="any time"), thing(state="wait", name="New mail", note="from tomorrow"), thing(state="no", name="Call", note="no consent")],
    reasons=[
        thing(state="yes", text="They asked for it themselves", proof="Consent, Webwinkel Vakdagen, 17 Nov, your note of 16:05", mend=""),
        thing(state="yes", text="Allowed by the rules of the Netherlands", proof="Company, consent on record; rules of 2 Nov 2026", mend=""),
        thing(state="yes", text="Not in the register of refusals", proof="Address, domain and company asked", mend=""),
        thing(state="wait", text="The last mail was 2 working days ago", proof="The gap is 3 working days", mend=""),
        thing(state="no", text="No consent for calls", proof="None recorded", mend="Ask them first, then record it here"),
    ],
)
NO_VERDICT = thing(state="no", sentence="No. They objected", more="Nobody here may write or call, in any sequence.", acts=[], reasons=[thing(state="no", text="Objected on the unsubscribe page", proof="12 Nov 2026, 10:04", mend="Only they can take it back, or two people with their words as proof")])
WAIT_VERDICT = thing(state="wait", sentence="Not yet. From Wednesday 25 November", more="The country’s rules and their address are fine.", acts=[], reasons=[thing(state="wait", text="Their domain could not be checked", proof="DNS did not answer at 09:02", mend="Tried again at 10:00 by itself")])
FACTS = [("Address", "marieke@veldhoen-wonen.example", "takes mail, checked today"), ("Website", "veldhoen-wonen.example"), ("Kind", "Company (B.V.), Netherlands"), ("Source", "They asked, Webwinkel Vakdagen", "17 Nov 2026, added by you"), ("Relevant", "400 own product photos"), ("Erased on", "24 Nov 2028, unless they write again")]
STAGES = {"n": ("New", ""), "c": ("Contacted", "info"), "r": ("Replied", "plum"), "m": ("Meeting", "wait"), "x": ("Lost", "no"), "w": ("Converted", "yes")}


def row(name: str, company: str, stage: str, may: str, heat: int) -> SimpleNamespace:
    state, _, why = may.partition(":")
    initials = "".join(word[0] for word in name.split()[:2])
    return thing(name=name, company=company, initials=initials, tint=len(name) + heat, stage=STAGES[stage], state=state, why=why, next=("Mail 3 of 3", "Thu 26 Nov 09:10"), last=("Replied", "08:42"), heat=heat, owner=("SW", 0, "Sanne"))


ROWS = [
    row("Marieke Veldhoen", "Veldhoen Wonen, Rotterdam", "r", "wait:from Wed 25 Nov", 3),
    row("Jonas Brandt", "Brandt & Söhne Outdoor, Bremen", "r", "yes:consent", 2),
    row("Nadia Kramer", "Noordkade Keramiek, Amsterdam", "c", "yes:consent", 4),
    row("Agnieszka Wójcik", "Bałtyk Lampy, Gdańsk", "m", "yes:consent", 4),
    row("Sjoerd Jansma", "Jansma Fietsen, Leeuwarden", "x", "no:objected today", 0),
    row("Claire Dubois", "Atelier Nord, Lille", "r", "yes:asked us to", 2),
    row("Mette Lund", "Fjordline Outdoor, Aarhus", "c", "wait:from Thu 26 Nov", 2),
    row("Emre Demir", "Demir Textil, Köln", "n", "no:no consent on record", 1),
    row("Wout Peeters", "Scheldekaai Design, Antwerpen", "c", "yes:published address", 3),
    row("Inkoop", "Hoekstra Gereedschap, Sneek", "n", "yes:signed up", 1),
    row("Ida Kolding", "Kolding Keramik, Kolding", "c", "yes:consent", 2),
    row("Elin Berg", "Malmö Form, Malmö", "w", "yes:customer", 4),
]


def waiting(name: str, company: str, when: str, what: str, word: str = "", tone: str = "", **more: bool) -> SimpleNamespace:
    initials = "".join(part[0] for part in name.split()[:2])
    return thing(name=name, company=company, initials=initials, tint=len(name), when=when, what=what, word=word, tone=tone, on=more.get("on", False), late=more.get("late", False))


QUEUE = [
    ("Replies", "reply", [waiting("Marieke Veldhoen", "Veldhoen Wonen", "08:42", "Klinkt interessant. Hebt u donderdag tijd?", "Interested", "yes", on=True), waiting("Jonas Brandt", "Brandt & Söhne", "08:15", "Danke, aber erst wieder im Frühjahr.", "Not now", "wait"), waiting("Sjoerd Jansma", "Jansma Fietsen", "07:58", "Haal mij van de lijst.", "Objection", "no")]),
    ("Due today", "calendar-check", [waiting("Hanna Zuidveen", "Zuidveen Speelgoed", "1 day late", "Send the proposal", late=True), waiting("Nadia Kramer", "Noordkade Keramiek", "10:30", "Call about the trial")]),
    ("Not certain", "circle-question-mark", [waiting("Elin Berg", "Malmö Form", "09:01", "Mail 1 may or may not have left", "Decide", "wait")]),
]
MAILS = {
    "our_mail": thing(who="You", initials="SW", tint=0, to="Marieke", when="Fri 20 Nov", iso="2026-11-20T09:12", subject="Re: Productfoto’s van uw eigen voorraad", text="Twee regels: Scheldekaai had 140 artikelen binnen een week online.", lang="nl", theirs=False, headers=None),
    "their_mail": thing(who="Marieke Veldhoen", initials="MV", tint=3, to="you", when="today 08:42", iso="2026-11-24T08:42", subject="Re: Productfoto’s van uw eigen voorraad", text=REPLY, lang="nl", theirs=True, headers=[("From", "marieke@veldhoen-wonen.example")]),
}
STEPS = [
    thing(icon="mail", name="Mail 1", subject="Productfoto’s van uw eigen voorraad", when="Day 0", shares=[(372, "info"), (31, "yes"), (9, "no")], label="412 out, 31 replied, 9 left", numbers=[(412, "out"), (31, "replied (7.5 %)"), (9, "left")]),
    thing(icon="mail", name="Mail 2", subject="same thread, two lines", when="+ 3 working days", shares=[(305, "info"), (25, "yes"), (8, "no"), (34, "mute")], label="338 out, 25 replied, 8 left, 34 wait", numbers=[(338, "out"), (25, "replied (7.4 %)"), (8, "left"), (34, "wait")]),
    thing(icon="phone", name="Call", subject="only where a call is allowed", when="+ 3 working days", shares=[(22, "info"), (6, "yes"), (1, "no"), (12, "mute")], label="29 done, 6 replied, 1 left, 12 wait", numbers=[(29, "done"), (6, "replied"), (1, "left"), (12, "wait")]),
]
PAGES: dict[str, Any] = {
    "p": thing(name="Marieke Veldhoen"), "days": DAYS, "verdict": VERDICT, "no_verdict": NO_VERDICT, "wait_verdict": WAIT_VERDICT, "facts": FACTS, "rows": ROWS, "queue": QUEUE, "steps": STEPS, **MAILS,
    "views": [{"label": label, "href": "?", "count": count, "current": label == "Mine"} for label, count in (("Everyone", "12,418"), ("Mine", "1,206"), ("Warm", "87"), ("Waiting for us", "4"), ("Nothing planned", "212"), ("May not be written to", "318"))],
    "stats": [{"key": key, "value": value, "detail": detail, "warn": key == "Bounced"} for key, value, detail in (("Enrolled", "412", "236 still in it"), ("Replied", "18.3 %", "73 of 398 (15 to 22 %)"), ("Interested", "34", "8.5 % of delivered"), ("Signed up", "16", "4.0 % of delivered"), ("Bounced", "3.4 %", "pauses by itself at 5 %"), ("Objected", "2.5 %", "10, stopped at once"))],
    "funnel": [thing(name=name, value=value, tone=tone, rate=rate) for name, value, tone, rate in (("Enrolled", 412, "mute", None), ("Delivered", 398, "", "96.6 %"), ("Replied", 73, "plum", "18.3 %"), ("Interested", 34, "yes", "8.5 %"), ("Signed up", 16, "yes", "4.0 %"))],
    "exits": [thing(name="Bounced", value=14, tone="no", rate="3.4 %"), thing(name="Objected", value=10, tone="no", rate="2.5 %")],
    "going": [("09:20", "Inkoop, Hoekstra", "Mail 1", "yes", "may go"), ("09:50", "Wout Peeters", "Mail 2", "yes", "may go"), ("Thu 09:10", "Mette Lund", "Mail 3", "wait", "waits: 3 working days"), ("never", "Sjoerd Jansma", "Mail 2", "no", "taken out: objected")],
    "per_day": [thing(label=f"{1 + n} Nov", value=22 + (n * 7) % 23) for n in range(20)],
    "job": thing(title="Import of shops-november.csv", state="running", done=3120, total=8400, numbers=["3,120 of 8,400 rows", "about 20 seconds left"], poll_url="/imports/1", stop_url="/imports/1/stop"),
    "tally": [thing(tone="yes", word="Added", text="New prospects", detail="with source and basis", number="2,871"), thing(tone="wait", word="Duplicate", text="Already here", detail="left as they were", number="203"), thing(tone="no", word="Refused", text="In the register of refusals", detail="not added", number="46")],
    "choices": [("all", "Neem nooit meer contact met mij op", "Geen e-mail en geen telefoon. Dit heet bezwaar maken en is uw recht (artikel 21 AVG)."), ("series", "Stop alleen deze reeks", "Over iets anders mogen we u later nog wel mailen."), ("measure", "Meet niet of ik mijn mail open", "We laten het telplaatje voortaan weg."), ("later", "Nu niet, misschien later", "U kiest een maand; tot dan hoort u niets."), ("erase", "Verwijder mijn gegevens", "We wissen alles, op een onleesbare code na.")],
}


def frame_context() -> dict[str, Any]:
    """What the layouts expect from the web application, invented."""
    nav = [("today", "Today", "inbox", 9), ("prospects", "Prospects", "users", None), ("sequences", "Sequences", "route", 3), ("leads", "Leads", "handshake", 2), ("mailbox", "Mailbox", "mailbox", None), ("import", "Import", "upload", None), ("settings", "Settings", "settings", None), ("staff", "Staff", "contact", None)]
    bad = ProspectForm(MultiDict({"name": "", "address": "not an address"}))
    bad.validate()
    return {
        **PAGES,
        "me": thing(name="Sanne de Wit", role="Sales", initials="SW", tint=0),
        "nav": [thing(key=key, label=label, href=f"/{key}", icon=icon, count=count, current=key == "prospects") for key, label, icon, count in nav],
        "sending": thing(text="Sending", used=42, cap=120, next_text="Next at 09:20.", paused=False),
        "csrf_token": "sample",
        "clock_note": "Demo clock: Tue 24 Nov 14:05, runs 2,500 times faster",
        "flashes": [],
        "logout_url": "/logout",
        "jump_url": "/jump",
        "note_form": NoteForm(),
        "reply_form": ReplyForm(),
        "bad_form": bad,
        "lang": "nl",
        "controller": thing(name="Produfoto", kvk="42060740", vat="NL005465581B96", location="3769 TR Soesterberg", email="privacy@produfoto.example", street=None),
        "languages": [thing(code=code, name=name, href=f"?lang={code}", current=code == "nl") for code, name in (("nl", "Nederlands"), ("en", "English"), ("de", "Deutsch"), ("fr", "Français"))],
        "footer_links": [thing(label="Welke gegevens hebt u van mij?", href="/about-you"), thing(label="Privacyverklaring", href="/privacy-policy")],
    }
