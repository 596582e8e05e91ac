"""The first day somebody is back, as out-of-office notes tell it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.folding import fold
from crm.replies.returns import LONGEST, back_on
from crm.replies.verdicts import MailKind, Sub
from tests.replies.mails import mail

MONDAY = date(2026, 11, 23)

NOTES = """
2027-01-05 | Ik ben terug op 5 januari.
2027-01-05 | Vanaf dinsdag 5 januari 2027 ben ik weer bereikbaar.
2027-01-04 | Afwezig van 24 december tot en met 3 januari.
2027-01-04 | Afwezig t/m 3 januari
2027-01-05 | Ik ben afwezig tot 5 januari.
2026-12-07 | I am out of the office until Monday 7 December.
2026-12-08 | I am away through 7 December.
2026-12-01 | I will be back on December 1st.
2026-12-01 | Returning on 1 Dec 2026
2026-12-01 | back 2026-12-01
2026-12-07 | Out of office from 30 November to 7 December
2026-12-05 | Ich bin bis einschließlich 4. Dezember nicht im Büro.
2026-12-05 | Ich bin bis zum 04.12.2026 nicht erreichbar.
2026-12-07 | Ab dem 7.12. bin ich wieder im Haus.
2026-12-07 | Am 7. Dezember bin ich zurück, wieder erreichbar ab 7. Dezember.
2026-12-01 | Je suis absent et de retour le 1er décembre.
2026-12-05 | Absent jusqu'au 4 décembre inclus.
2026-12-04 | Absent jusqu'au 4 décembre.
2026-12-05 | Absente du 30 novembre au 4 décembre
2026-11-30 | I am back on Monday.
2026-11-27 | Vrijdag ben ik er weer. Terug: vrijdag.
2027-03-01 | Met zwangerschapsverlof, terug op 1 maart
"""
CASES = [tuple(part.strip() for part in line.split("|")) for line in NOTES.strip().splitlines()]

BOTH = """
2026-12-14 | En congés du 23/11 au 11/12, retour le lundi 14 décembre.
2026-12-14 | Je suis en congés du 24 novembre au 11 décembre inclus. Mon retour est prévu le 14 décembre.
2026-12-14 | Absente jusqu'au vendredi 11/12. Reprise le lundi 14/12.
2026-12-14 | Fermé du 30/11 au 11/12 - réouverture lundi 14/12
2026-12-14 | Afwezig van 23/11 t/m 11/12, terugkeer maandag 14 december.
2026-12-14 | Met vakantie tot en met 11 december. Retour: 14 december.
2026-12-14 | Tot 12 december gesloten; op maandag 14 december hervatten wij het werk.
2026-12-14 | On leave from 23 November to 11 December, my return is planned for Monday 14 December.
2026-12-14 | Away 23 Nov - 11 Dec, back at my desk on 14 Dec.
2026-12-14 | Out until 11 December. I resume work on Monday, 14 December.
2026-12-14 | Im Urlaub vom 23.11. bis 11.12., Rückkehr am Montag, 14. Dezember.
2026-12-14 | Vom 23.11. bis 11.12. abwesend. Ich kehre am 14.12. zurück.
2026-12-14 | Bis zum 11. Dezember nicht da, ab dem 14. Dezember wieder.
2027-01-04 | Ik ben weer weg van 24 december t/m 3 januari.
2027-01-04 | I am away again from 24 December through 3 January.
2027-01-04 | Wieder im Urlaub: 24.12. bis 3.1.
2027-01-04 | À nouveau absent, reprise difficile, du 24 décembre au 3 janvier
2027-01-04 | Vanaf 24 december ben ik afwezig tot en met 3 januari.
2027-01-04 | Ab 24.12. bin ich bis einschließlich 3. Januar im Urlaub.
2027-01-03 | À partir du 24 décembre je suis absent jusqu'au 3 janvier.
2027-01-04 | As of 24 December I am away through 3 January.
2027-01-04 | Ab 24.12. bin ich bis zum 3.1. weg und ab 4.1. wieder erreichbar.
"""
"""Two days or more: a day of return goes before the end of a range, and the start of one is no return."""

OPEN_AGAIN = """
2027-01-04 | Our office reopens on Monday 4 January.
2027-01-04 | We will re-open 4 January 2027.
2027-01-04 | The shop is closed for the holidays and opens again on 4 January.
2027-01-04 | We are closed; normal service resumes on 4 January.
2027-01-04 | Office reopening: Monday 4th January
2027-01-04 | Ons kantoor gaat op maandag 4 januari weer open.
2027-01-04 | Wij zijn gesloten en heropenen op 4 januari.
2027-01-04 | De winkel opent weer op 4 januari.
2027-01-04 | Vanaf 4 januari staan wij weer voor u klaar.
2027-01-04 | Unser Büro öffnet am 4. Januar wieder.
2027-01-04 | Wir öffnen wieder am Montag, den 4. Januar.
2027-01-04 | Wiedereröffnung: 04.01.2027
2027-01-04 | Ab dem 4. Januar sind wir wieder für Sie geöffnet.
2027-01-04 | Nos bureaux rouvrent le lundi 4 janvier.
2027-01-04 | La boutique rouvrira ses portes le 4 janvier.
2027-01-04 | Réouverture le 4 janvier.
2027-01-04 | Nous reprenons notre activité le 4 janvier.
"""
TOLD = [tuple(part.strip() for part in line.split("|")) for line in (BOTH + OPEN_AGAIN).splitlines() if line]


@pytest.mark.parametrize(("day", "note"), TOLD, ids=[note for _, note in TOLD])
def test_a_day_of_return_goes_before_the_end_of_a_range(day: str, note: str) -> None:
    assert back_on(fold(note), MONDAY) == date.fromisoformat(day)


@pytest.mark.parametrize("note", [note for _, note in TOLD[-len(OPEN_AGAIN.strip().splitlines()) :]])
def test_a_program_that_tells_when_they_open_again_says_that_they_are_away(note: str) -> None:
    verdict = classify(mail(note, "Re: Foto's", "Auto-Submitted: auto-replied"), received=MONDAY)
    assert (verdict.kind, verdict.sub) == (MailKind.AUTOMATIC, Sub.OUT_OF_OFFICE)
    assert verdict.until == date(2027, 1, 4)


@pytest.mark.parametrize(
    "note",
    [
        "We reopen on Monday.",
        "Maandag zijn we weer open.",
        "Wir öffnen am Montag wieder.",
        "Réouverture lundi.",
    ],
)
def test_a_weekday_of_reopening_is_the_next_one(note: str) -> None:
    assert back_on(fold(note), MONDAY) == date(2026, 11, 30)


@pytest.mark.parametrize(("day", "note"), CASES, ids=[note for _, note in CASES])
def test_a_note_tells_the_first_day_back(day: str, note: str) -> None:
    assert back_on(fold(note), MONDAY) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "note",
    [
        "I am away.",
        "Terug op 31 februari.",
        "Back on 1 December 2031.",
        "Ich war bis 4. November im Urlaub.",
        "Bel 12-34 of 06-12.",
        "Invoice 5/2026 is attached.",
        "",
    ],
)
def test_a_note_without_a_day_ahead_tells_none(note: str) -> None:
    assert back_on(fold(note), MONDAY) is None


def test_without_the_day_of_the_note_nothing_is_guessed() -> None:
    assert back_on("terug op 5 januari", None) is None


@given(st.text(max_size=120), st.dates(date(2020, 1, 1), date(2090, 1, 1)))
def test_a_day_that_is_found_lies_ahead_and_not_too_far(note: str, today: date) -> None:
    found = back_on(fold(f"{note} back on {note}"), today)
    assert found is None or today < found <= today + LONGEST
