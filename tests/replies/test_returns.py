"""The first day somebody is back, as out-of-office notes tell it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.folding import fold
from crm.replies.returns import LONGEST, back_on

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
