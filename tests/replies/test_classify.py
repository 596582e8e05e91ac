"""The order of judging, and what makes an answer doubtful."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.intents import intents
from crm.replies.verdicts import MailKind, Scope, Sub
from tests.replies.mails import TOKEN, mail

AUTO = "Auto-Submitted: auto-replied"
ANSWER = "In-Reply-To: <a@p.example>"


def kind_of(
    body: str, subject: str = "Re: photos", *headers: str, to: str = "sales@p.example"
) -> tuple[str, str]:
    verdict = classify(mail(body, subject, *headers, to=to))
    return verdict.kind, verdict.sub


def test_mail_to_the_unsubscribe_address_is_a_no_whatever_it_says() -> None:
    for body, headers in (("", ()), ("Hello!", ()), ("I am away", (AUTO,)), ("News", ("List-Id: <x>",))):
        found = kind_of(body, "x", *headers, to=f"u+{TOKEN}@p.example")
        assert found == (MailKind.OPT_OUT, Sub.UNSUBSCRIBE)


@pytest.mark.parametrize(
    "value",
    ["auto-replied", "auto-generated", "Auto-Replied; owner-email=x@y.example", "auto-replied (vacation)"],
)
def test_any_mark_of_a_program_but_no_makes_it_automatic(value: str) -> None:
    assert kind_of("Noted.", "Re: photos", f"Auto-Submitted: {value}")[0] == MailKind.AUTOMATIC


def test_a_mail_marked_as_not_automatic_is_a_persons() -> None:
    assert kind_of("Send two examples.", "Re: photos", "Auto-Submitted: no", ANSWER)[0] == MailKind.PERSON


@pytest.mark.parametrize("header", ["X-Auto-Response-Suppress: All", "Precedence: bulk", "Return-Path: <>"])
def test_a_weak_mark_alone_does_not_make_a_person_a_program(header: str) -> None:
    assert kind_of("Send me two examples.", "Re: photos", header, ANSWER)[0] == MailKind.PERSON


def test_a_program_that_says_stop_is_left_to_a_person() -> None:
    assert kind_of("I have left. Please remove me from your list.", "Automatic reply", AUTO) == (
        MailKind.UNCLEAR,
        Sub.MIXED,
    )


def test_what_a_mailing_list_sends_is_no_answer_and_its_footer_no_opt_out() -> None:
    assert kind_of("News. Unsubscribe here.", "News", "List-Id: <n.x.example>")[0] == MailKind.NEWSLETTER


@pytest.mark.parametrize(
    "headers",
    [
        ("Precedence: bulk",),
        ("List-Id: info <info.winkel.example>", "List-Unsubscribe: <mailto:info+leave@winkel.example>"),
        ("List-Unsubscribe: <https://desk.winkel.example/x>",),
    ],
)
def test_a_no_that_a_help_desk_or_a_group_passes_on_is_asked_about(headers: tuple[str, ...]) -> None:
    assert kind_of("Please remove me from your list.", "Your mail", *headers)[0] == MailKind.UNCLEAR
    assert (
        kind_of("Bitte streichen Sie uns aus Ihrem Verteiler.", "Ihre Mail", *headers)[0] == MailKind.UNCLEAR
    )


def test_of_somebody_we_write_to_no_word_is_left_to_a_newsletter() -> None:
    """Help desks put links below what their people write."""
    desk = mail("Please remove me from your list. https://desk.x.example/7", "Hi", "List-Id: <x.example>")
    assert classify(desk).kind is MailKind.NEWSLETTER
    assert classify(desk, is_known=True).kind is MailKind.UNCLEAR
    news = mail("New lamps. https://x.example", "News", "List-Id: <x.example>")
    assert classify(news, is_known=True).kind is MailKind.NEWSLETTER


@pytest.mark.parametrize(
    "text",
    [
        "I'm on annual leave and back on Wednesday 2 December. Ask Ann (Bob is no longer with the company).",
        "Ab Montag, den 30. November bin ich wieder erreichbar. Frau Meier ist nicht mehr bei uns tätig.",
        "Ik ben afwezig tot donderdag 3 december. Ons adres info@oud.example wordt niet meer gelezen.",
    ],
)
def test_whoever_comes_back_has_not_left_though_somebody_else_has(text: str) -> None:
    assert kind_of(text, "Automatic reply", AUTO) == (MailKind.AUTOMATIC, Sub.OUT_OF_OFFICE)


@pytest.mark.parametrize(
    "text",
    [
        "Per 1 november ben ik niet meer werkzaam bij Winkel. Neem contact op met Jan.",
        "Marie ne travaille plus chez nous depuis septembre.",
    ],
)
def test_whoever_has_left_does_not_come_back(text: str) -> None:
    assert kind_of(text, "Automatic reply", AUTO) == (MailKind.AUTOMATIC, Sub.LEFT_COMPANY)


def test_an_answer_that_came_through_a_list_is_heard() -> None:
    assert kind_of("Stop", "Re: photos", "List-Id: <team.x.example>", ANSWER)[0] == MailKind.OPT_OUT


def test_a_request_about_data_wins_over_the_no_beside_it() -> None:
    assert kind_of("Stop. Where did you get my address?") == (MailKind.RIGHTS, Sub.SOURCE)


def test_an_objection_beside_a_decline_decides() -> None:
    assert kind_of("We are not interested. I object to marketing.") == (MailKind.OPT_OUT, Sub.OBJECTION)


@pytest.mark.parametrize(
    "text",
    [
        "Hierbij deel ik u mede dat ik op grond van artikel 21 AVG bezwaar maak tegen het gebruik hiervan.",
        "Ik wens op grond van artikel 21 AVG bezwaar aan te tekenen.",
        "Ik heb er bezwaar tegen dat u mij mailt.",
        "Please take this as an objection under Art. 21 GDPR to the use of my data for marketing.",
        "Ce message vaut opposition au sens de l'article 21 du RGPD.",
    ],
)
def test_an_objection_in_legal_language_is_one(text: str) -> None:
    assert kind_of(text) == (MailKind.OPT_OUT, Sub.OBJECTION)


@pytest.mark.parametrize(
    "text",
    [
        "Heeft u er bezwaar tegen als mijn collega meekijkt?",
        "Heb je daar bezwaar tegen?",
        "My one objection: the background looks grey.",
        "Our only objection is the price.",
    ],
)
def test_a_word_about_somebody_elses_objection_or_another_thing_is_none(text: str) -> None:
    assert kind_of(text)[0] not in {MailKind.OPT_OUT, MailKind.RIGHTS}


@pytest.mark.parametrize(
    "text",
    [
        "Als ik nog één keer zo'n mail krijg stuur ik jullie een factuur voor mijn tijd.",
        "Nog één mail en ik bel de politie.",
    ],
)
def test_what_follows_another_mail_is_a_warning(text: str) -> None:
    assert kind_of(text)[0] in {MailKind.UNCLEAR, MailKind.OPT_OUT}


@pytest.mark.parametrize(
    "text",
    [
        "Stuur nog één keer de link, dan bekijk ik het vanavond.",
        "Als ik nog één keer zo'n foto zie ga ik om, stuur maar een offerte.",
        "Schicken Sie mir noch eine Mail mit Preisen, dann melde ich mich.",
        "One more thing: does it work with shoes?",
    ],
)
def test_whoever_wants_one_more_thing_is_heard(text: str) -> None:
    assert kind_of(text)[0] is MailKind.PERSON


@pytest.mark.parametrize(
    "text",
    [
        "Kunnen we ons altijd weer afmelden als we ons inschrijven?",
        "Can we unsubscribe at any time if we sign up?",
        "If we sign up, can we opt out at any time?",
        "Kann man sich jederzeit wieder abmelden, wenn wir es testen?",
        "Peut-on se désinscrire à tout moment si on s'inscrit ?",
    ],
)
def test_who_asks_how_they_would_stop_as_a_customer_has_not_said_so(text: str) -> None:
    assert kind_of(text) == (MailKind.UNCLEAR, Sub.NEGATED)


@pytest.mark.parametrize(
    "text", ["Kan ik me hier afmelden?", "How can we unsubscribe?", "Kunt u ons voor altijd uitschrijven?"]
)
def test_who_asks_how_to_stop_has(text: str) -> None:
    assert kind_of(text)[0] is MailKind.OPT_OUT


def test_the_subject_of_an_answer_is_ours_and_says_nothing() -> None:
    assert (
        kind_of("Yes, call me.", "Re: Stop losing customers: unsubscribe from bad photos", ANSWER)[0]
        == MailKind.PERSON
    )


def test_the_subject_of_a_new_mail_is_theirs() -> None:
    assert kind_of("Jan", "Please remove me from your list")[0] == MailKind.OPT_OUT


def test_broken_mail_without_a_no_is_doubtful_and_with_one_is_a_no() -> None:
    broken = mail("Call me.").body
    assert broken.text == "Call me."
    from_unknown = mail("x", "x", "Content-Type: text/plain; charset=klingon")
    assert classify(from_unknown).sub is Sub.BROKEN
    said = mail("stop", "x", "Content-Type: text/plain; charset=klingon")
    assert classify(said).kind is MailKind.OPT_OUT


def test_an_empty_answer_is_doubtful() -> None:
    assert kind_of("", "Re: photos", ANSWER) == (MailKind.UNCLEAR, Sub.EMPTY)


def test_the_day_of_arrival_gives_the_year_when_the_mail_has_no_date() -> None:
    undated = mail("Back on 5 January.", "Out of office", "Date: nonsense", AUTO)
    assert classify(undated, received=date(2026, 12, 23)).until == date(2027, 1, 5) or undated.sent_on


@pytest.mark.parametrize(
    ("text", "hedge"),
    [
        ("Please don't unsubscribe me.", Sub.NEGATED),
        ("I do not want a copy of my data.", Sub.NEGATED),
        ("Not interested right now.", Sub.NOT_NOW),
        ("Not interested in photos but in video.", Sub.NOT_NOW),
        ("I do not have time, please unsubscribe me.", Sub.NONE),
        ("Ik heb geen tijd dus meld mij af.", Sub.NONE),
    ],
)
def test_a_no_beside_a_no_and_a_not_now_are_doubts(text: str, hedge: Sub) -> None:
    assert {intent.hedge for intent in intents(text) if not intent.is_weak} == {hedge}


def test_who_says_our_speaks_for_the_company() -> None:
    assert classify(mail("Remove our address.")).scope is Scope.COMPANY
    assert classify(mail("Remove my address.")).scope is Scope.ADDRESS


@given(st.text(max_size=200))
def test_any_text_is_judged(text: str) -> None:
    assert all(intent.code for intent in intents(text))
