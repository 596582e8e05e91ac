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

RANGES = """
2027-01-04 | I am out of the office between 24 December and 3 January.
2027-01-04 | Please note that we are closed between December 24th and January 3rd.
2027-01-04 | I'm on annual leave between Thursday 24 December 2026 and Sunday 3 January 2027.
2027-01-04 | From 24 December up to and including 3 January our office is closed.
2027-01-04 | Annual leave: 24 Dec \u2013 3 Jan
2027-01-04 | Out of office 24/12/2026 - 03/01/2027
2027-01-04 | Closed from Thu 24 Dec thru Sun 3 Jan (inclusive)
2027-01-04 | I will be away from the 24th of December until the 3rd of January inclusive.
2027-01-04 | In the period between 24.12 and 3.1 nobody reads this mailbox.
2026-12-12 | Away between 7 and 11 December.
2026-12-12 | On leave from 7 to 11 December included.
2026-12-12 | Out 7-11 December.
2026-12-12 | I am travelling from 7 through 11 December and answer mail only now and then.
2026-12-12 | I'm out of office Dec 7-11.
2026-12-12 | Away from December 7 through 11.
2027-01-04 | Ik ben afwezig van 24 december tot en met 3 januari.
2027-01-04 | Tussen 24 december en 3 januari ben ik er niet.
2027-01-04 | Tussen donderdag 24 december en zondag 3 januari zijn wij gesloten, mail wordt niet gelezen.
2027-01-04 | Van do 24 dec t/m zo 3 jan met vakantie
2027-01-04 | Kerstsluiting: 24-12 t/m 03-01
2027-01-04 | In de periode 24 december - 3 januari is ons kantoor dicht.
2027-01-04 | In de periode van 24/12 tem 3/1 ben ik met verlof.
2027-01-04 | Met verlof van 24 december 2026 tot 3 januari 2027 inbegrepen.
2026-12-12 | Afwezig van 7 tot en met 11 december.
2026-12-12 | Tussen 7 en 11 december ben ik op de beurs en lees ik geen mail.
2026-12-12 | Ik ben vrij van ma 7 t/m vr 11 dec
2026-12-12 | Vrij: 7 - 11 december
2026-12-12 | Van 7 december tot en met de 11e ben ik weg.
2027-01-04 | Ich bin vom 24.12. bis 3.1. nicht im Büro.
2027-01-04 | Vom 24. Dezember bis einschließlich 3. Januar ist unser Büro geschlossen.
2027-01-04 | Zwischen dem 24. Dezember und dem 3. Januar bin ich nicht erreichbar.
2027-01-04 | Zwischen 24.12. und 3.1. werden E-Mails nicht gelesen.
2027-01-04 | Betriebsferien: 24.12.2026 \u2013 03.01.2027
2027-01-04 | In der Zeit vom 24.12. bis zum 03.01. bin ich im Urlaub.
2027-01-04 | Von Donnerstag, 24.12., bis Sonntag, 3.1., geschlossen.
2026-12-12 | Vom 7. bis 11. Dezember bin ich auf einer Messe.
2026-12-12 | Vom 7. bis zum 11.12. im Urlaub.
2026-12-12 | Abwesend 7.-11.12.
2026-12-12 | Zwischen dem 7. und 11. Dezember abwesend.
2026-12-12 | Ich bin von Montag, den 7. bis Freitag, den 11. Dezember abwesend.
2027-01-04 | Je suis en congés du 24 décembre au 3 janvier.
2027-01-04 | Nos bureaux sont fermés entre le 24 décembre et le 3 janvier.
2027-01-04 | Absente entre le jeudi 24/12 et le dimanche 3/1.
2027-01-04 | Congés du jeudi 24 décembre 2026 au dimanche 3 janvier 2027 inclus
2027-01-04 | Fermeture annuelle : 24/12 - 03/01
2027-01-04 | Je serai absent à partir du 24 décembre et jusqu'au 3 janvier inclus.
2026-12-12 | Absent du 7 au 11 décembre.
2026-12-12 | En déplacement entre le 7 et le 11 décembre, je ne lis pas mes mails.
2026-12-12 | Du lundi 7 au vendredi 11 décembre inclus, je suis en formation.
2026-12-12 | Congé du 07/12 au 11/12/2026
2026-12-14 | Between 7 and 11 December I am away; back on Monday 14 December.
2026-12-14 | Tussen 7 en 11 december afwezig, maandag 14 december weer bereikbaar.
2026-12-14 | Zwischen 7. und 11.12. im Urlaub, ab 14.12. wieder da.
2026-12-14 | Absent entre le 7 et le 11 décembre, de retour le 14 décembre.
2027-01-04 | Hi! I'm not around from 24 Dec to 3 Jan inclusive, so answers take longer.
2027-01-04 | Wij genieten van onze vakantie tussen do. 24 dec. en zo. 3 jan.
2027-01-04 | Kantoor gesloten 24/12 tot en met 3/1, daarna beantwoorden we alles.
2027-01-04 | Onze winkel is van donderdag 24 december t/m zondag 3 januari gesloten wegens vakantie.
2027-01-04 | Wir haben zwischen dem 24.12.2026 und dem 03.01.2027 geschlossen.
2027-01-04 | Urlaub 24.12.-3.1.
2027-01-04 | Unser Betrieb ruht vom 24.12.26 bis 03.01.27.
2027-01-04 | Nous sommes fermés du jeudi 24 décembre au soir au dimanche 3 janvier.
2027-01-04 | Du 24/12/26 au 03/01/27 inclus, notre service est fermé.
2026-12-19 | Absent entre lundi 14 et vendredi 18 décembre.
2026-12-19 | Ik ben tussen maandag 14 en vrijdag 18 december op reis.
2026-12-19 | Zwischen Montag, 14., und Freitag, 18. Dezember, bin ich auf Dienstreise.
2026-12-19 | Travelling between Mon 14th and Fri 18th December, slow replies.
2026-12-19 | OOO Dec 14 - 18
2026-12-19 | On holiday December 14th to 18th, 2026.
2026-12-19 | Verlof: 14 t/m 18/12
2026-12-19 | Fortbildung 14. bis 18.12.
2026-12-19 | Formation du 14 au 18/12
"""
"""From one day to another, or between the two: they are away on the last one as well."""

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


SPANS = [tuple(part.strip() for part in line.split("|")) for line in RANGES.strip().splitlines()]


@pytest.mark.parametrize(("day", "note"), SPANS, ids=[note for _, note in SPANS])
def test_they_are_back_after_the_last_day_of_a_range(day: str, note: str) -> None:
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
        "Tussen 9 en 12 uur ben ik bereikbaar.",
        "We ship between 2 and 4 days after your order.",
        "Entre 9h et 12h.",
        "Call us between 9 and 5.",
        "Zwischen 9 und 12 Uhr erreichbar.",
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
