"""What recipients are told."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crm.compose.markup import colon
from crm.compose.mime import compose
from crm.compose.notices import Grounds, Retention, SourceKind, source_line, why_line
from crm.compose.service import rights_letter, signup_letter
from crm.compose.words import FOLDER, words_in
from crm.kernel.mail import Language, MailKind
from tests.compose.letters import CONTROLLER, PIXEL, STOP, first_letter, letter

each_language = pytest.mark.parametrize("language", Language)


@each_language
def test_the_first_message_tells_all_that_article_14_asks(language: Language) -> None:
    made = first_letter(language, processors=("Postbode Voorbeeld BV",))
    words = words_in(language)
    text = compose(made).text
    for told in (
        *CONTROLLER.values,  # who, and how to reach them
        words.grounds[Grounds.LEGITIMATE_INTEREST],  # the basis, and the interest
        words.notice_purpose,
        words.notice_categories,
        "Postbode Voorbeeld BV",  # recipients
        "12 ",  # how long
        "24 ",
        "Autoriteit Persoonsgegevens",  # where to complain
        made.source,  # from where, and whether public
        words.about,  # the way to the rights
        words.notice_automated,
    ):
        assert told in text


@each_language
def test_the_notice_has_the_configured_months(language: Language) -> None:
    text = compose(first_letter(language, retention=Retention(unanswered=7, answered=31))).text
    assert re.search(r"\b7 \w+.*\b31 \w+", text)


@each_language
@pytest.mark.parametrize("grounds", Grounds)
def test_the_notice_names_the_ground_it_rests_on(language: Language, grounds: Grounds) -> None:
    text = compose(first_letter(language, grounds=grounds)).text
    told = [each for each in Grounds if f" {words_in(language).grounds[each]}." in text]
    assert told == [grounds]


@each_language
def test_the_right_to_object_is_a_paragraph_of_its_own_above_notice_and_footer(language: Language) -> None:
    text = compose(first_letter(language)).text
    words = words_in(language)
    paragraphs = text.split("\n\n")
    at = paragraphs.index(f"{words.objection}\n{words.objection_link}{colon(language)}{STOP}")
    assert paragraphs[at - 1].endswith("Sanne de Wit")
    assert paragraphs[at + 1].startswith(words.notice_title)
    assert paragraphs[at + 2].startswith("--\n")


@each_language
def test_later_messages_do_not_repeat_the_notice(language: Language) -> None:
    text = compose(letter(language=language)).text
    assert words_in(language).objection not in text
    assert words_in(language).notice_title not in text


@each_language
@pytest.mark.parametrize("kind", [MailKind.OUTREACH, MailKind.MANUAL])
def test_every_outreach_message_says_why_and_from_where(language: Language, kind: MailKind) -> None:
    made = letter(kind, language=language)
    text = compose(made).text
    assert f"{made.why} {made.source}" in text


@each_language
def test_the_source_is_said_once(language: Language) -> None:
    made = first_letter(language)
    assert compose(made).text.count(made.source) == 1


@each_language
@pytest.mark.parametrize("kind", [kind for kind in MailKind if kind is not MailKind.STAFF])
def test_every_mail_to_outsiders_says_who_we_are(language: Language, kind: MailKind) -> None:
    controller = replace(CONTROLLER, street="Voorbeeldlaan 1")
    composed = compose(letter(kind, language=language, controller=controller))
    for value in controller.values:
        assert value in composed.text
        assert value.replace("&", "&amp;") in composed.html


@each_language
def test_a_pixel_is_never_secret(language: Language) -> None:
    words = words_in(language)
    assert words.measured.format(stop=words.stop) in compose(letter(language=language, pixel_url=PIXEL)).text
    counted = compose(letter(language=language, pixel_url=PIXEL, pixel_counts_only=True)).text
    assert words.counted.format(stop=words.stop) in counted
    assert "IP" not in compose(letter(language=language)).text


@each_language
def test_no_wording_holds_a_value_of_the_controller(language: Language) -> None:
    source = (FOLDER / f"{language}.toml").read_text()
    assert not re.search(r"produfoto\.com|42060740|NL005465581B96|3769", source, re.IGNORECASE)


def test_no_template_holds_a_value_of_the_controller() -> None:
    for path in (Path(FOLDER).parents[2] / "templates" / "mail").iterdir():
        assert not re.search(r"produfoto|42060740|NL005465581B96|3769", path.read_text(), re.IGNORECASE)


@each_language
def test_every_source_and_ground_has_its_sentence(language: Language) -> None:
    for kind in SourceKind:
        sentence = source_line(language, kind, where="winkel.example", on=date(2026, 3, 1))
        assert "winkel.example" in sentence
        assert words_in(language).date(date(2026, 3, 1)) in sentence
    for grounds in Grounds:
        assert why_line(language, grounds, company="Winkel {x} & Co").endswith(".")


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (Language.NL, "1 maart 2026"),
        (Language.EN, "1 March 2026"),
        (Language.DE, "1. März 2026"),
        (Language.FR, "1er mars 2026"),
    ],
)
def test_dates_are_written_as_people_write_them(language: Language, wanted: str) -> None:
    assert words_in(language).date(date(2026, 3, 1)) == wanted


def test_the_scheme_of_a_source_is_left_out() -> None:
    assert "http" not in source_line(
        Language.NL, SourceKind.WEBSITE, where="http://winkel.example/", on=date(2026, 3, 1)
    )


@each_language
def test_french_and_only_french_parts_its_double_marks(language: Language) -> None:
    source = (FOLDER / f"{language}.toml").read_text()
    values = re.findall(r'= "(.*)"', source) + re.findall(r'"""\n(.*?)"""', source, re.DOTALL)
    assert (re.search("\u00a0[?:;!»]", source) is not None) == (language is Language.FR)
    if language is Language.FR:
        assert not [value for value in values if re.search(r"(?<!\u00a0)[?!;»]|« ", value)]


@each_language
def test_a_sign_up_letter_has_the_link_and_its_last_day(language: Language) -> None:
    url = "https://crm.foto.example/start/q7x"
    wording = signup_letter(
        language, url=url, until=date(2026, 12, 31), brand="Foto", sender_name="Sanne", name="Anna"
    )
    assert url in wording.body.split("\n")
    assert words_in(language).date(date(2026, 12, 31)) in wording.body
    assert "Anna" in wording.body.split("\n")[0]
    assert "Foto" in wording.subject


@each_language
def test_a_letter_to_nobody_in_particular_still_greets(language: Language) -> None:
    wording = signup_letter(
        language,
        url="https://a.example/",
        until=date(2026, 1, 2),
        brand="Foto",
        sender_name="Sanne",
        name=" ",
    )
    assert wording.body.split("\n")[0] == words_in(language).greeting["unnamed"]


@each_language
def test_an_acknowledgement_has_number_date_and_authority(language: Language) -> None:
    wording = rights_letter(
        language,
        reference="V-12",
        received=date(2026, 1, 30),
        answer_by=date(2026, 2, 28),
        controller=CONTROLLER,
    )
    words = words_in(language)
    for told in (
        "V-12",
        words.date(date(2026, 1, 30)),
        words.date(date(2026, 2, 28)),
        "Autoriteit Persoonsgegevens",
        CONTROLLER.email,
    ):
        assert told in wording.body
    assert "V-12" in wording.subject


def test_all_languages_name_the_same_countries() -> None:
    assert len({frozenset(words_in(language).countries) for language in Language}) == 1
