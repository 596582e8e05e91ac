"""Words of a no that were typed in a hurry are put right; words that only look like them are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.spelling import mended
from crm.replies.verdicts import MailKind
from tests.replies.mails import mail

SLIPS = [
    "unsubscibe",
    "unsusbcribe",
    "afmeldn",
    "uitschijven",
    "verwijdern",
    "abmeldn",
    "desinscirre",
    "verteler",
    "cesez",
    "aretez",
    "rretez",
]
OTHERS = [
    *("aanmelden", "anmelden", "afmetingen", "inschrijven", "subscribe", "inscription", "bestellen"),
    *("arreter", "arretee", "cesser", "unsubscribes", "abmeldungen", "lessez"),
    *("verteilen", "abonnement", "beschrijven", "remote", "fotograaf", "photograph"),
]


@pytest.mark.parametrize("word", SLIPS)
def test_a_slip_in_a_long_word_is_put_right(word: str) -> None:
    assert mended(word) != word


@pytest.mark.parametrize("word", OTHERS)
def test_a_word_that_only_looks_like_it_is_left_alone(word: str) -> None:
    assert mended(word) == word


@pytest.mark.parametrize(
    "text", ["unsubscibe me", "Graag afmeldn", "Bitte abmeldn", "Merci de me desinscirre"]
)
def test_a_mistyped_no_is_a_no(text: str) -> None:
    assert classify(mail(text)).kind is MailKind.OPT_OUT


@given(st.text(max_size=30))
def test_any_word_stays_a_word(word: str) -> None:
    assert mended(word) == word or mended(word).isalpha()
