"""Who puts us off, and until when, as people say it in four languages."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.folding import fold
from crm.replies.later import later_on
from crm.replies.verdicts import MailKind, Sub
from tests.replies.mails import mail

MONDAY = date(2026, 11, 23)

DAYS = """
2027-09-01 | Kom er na de zomer nog eens op terug.
2027-06-01 | Probeer het in de zomer nog eens.
2027-03-01 | Misschien in het voorjaar.
2027-09-15 | Try me again in autumn.
2027-01-07 | Try me in the new year.
2027-01-07 | Misschien volgend jaar.
2027-01-07 | Nach Weihnachten vielleicht.
2027-01-07 | Après les fêtes.
2027-09-01 | Recontactez-moi à la rentrée.
2027-09-01 | Melden Sie sich nach dem Sommer wieder.
2027-03-01 | Probeer het in maart nog eens.
2027-04-01 | Could you circle back in Q2?
2027-01-01 | Kom volgend kwartaal terug.
2027-02-23 | Over drie maanden nog eens.
2027-02-23 | Try again in 3 months.
2026-12-21 | In 4 Wochen vielleicht.
2027-05-23 | Over een half jaar.
2027-02-01 | Rappelez-moi en février.
2027-01-11 | Probeer het in week 2 nog eens.
2027-02-15 | Après les soldes d'hiver.
2027-02-15 | Plutôt après nos soldes.
2027-02-15 | After the January sales.
2027-02-15 | Come back to me after the sales.
2027-02-15 | Na de winteruitverkoop.
2027-02-15 | Na de solden misschien.
2027-02-15 | Nach dem Winterschlussverkauf gerne.
2027-08-15 | Après les soldes d'été.
2027-08-15 | After our summer sale.
2027-08-15 | Na de zomeropruiming.
2027-08-15 | Nach dem Sommerschlussverkauf.
"""
CASES = [tuple(part.strip() for part in line.split("|")) for line in DAYS.strip().splitlines()]


@pytest.mark.parametrize(("day", "text"), CASES, ids=[text for _, text in CASES])
def test_a_time_that_is_named_is_a_day(day: str, text: str) -> None:
    assert later_on(fold(text), MONDAY) == date.fromisoformat(day)


@pytest.mark.parametrize("text", ["Later misschien.", "Bel me dinsdag.", "Over een week.", "In 1999.", ""])
def test_what_names_no_day_some_way_off_is_none(text: str) -> None:
    assert later_on(fold(text), MONDAY) is None


def test_after_the_sales_is_after_those_that_come_next() -> None:
    assert later_on(fold("après les soldes"), date(2026, 5, 4)) == date(2026, 8, 15)


def test_after_sales_is_a_service_and_no_time() -> None:
    assert later_on(fold("Our after sales team answers you."), MONDAY) is None


PUT_OFF = """
Après les soldes d'hiver, s'il vous plaît.
Peut-être après les soldes d'hiver.
Revenez vers nous après les soldes d'hiver.
On en reparle après les soldes ?
Après l'inventaire.
Après le salon, peut-être.
Plutôt après la haute saison.
After the winter sale, please.
Maybe after the January sales.
Come back to me after the sales.
After the busy season, maybe.
Let's talk after our relaunch.
After Easter please.
Liever na de winteruitverkoop.
Probeer het na de solden nog eens.
Na de verhuizing graag.
Kom na de beurs nog eens terug.
We zitten midden in de drukke periode, daarna misschien.
Na de zomer.
Gerne nach dem Winterschlussverkauf.
Melden Sie sich nach dem Schlussverkauf wieder.
Vielleicht nach der Inventur.
Nach der Hochsaison wieder.
Nach unserem Umzug, bitte.
"""


@pytest.mark.parametrize("text", PUT_OFF.strip().splitlines())
def test_later_is_not_now_whatever_comes_before(text: str) -> None:
    verdict = classify(mail(text), received=MONDAY)
    assert (verdict.kind, verdict.sub) == (MailKind.UNCLEAR, Sub.NOT_NOW)


@pytest.mark.parametrize(
    "text",
    [
        "Na de kerst hebben we een nieuwe webshop.",
        "After the fair we moved to another supplier of lamps.",
        "Après le salon nous avons ouvert une boutique.",
        "Nach dem Umzug verkaufen wir jetzt in Köln.",
    ],
)
def test_a_time_in_a_sentence_of_its_own_puts_nobody_off(text: str) -> None:
    assert classify(mail(text), received=MONDAY).sub is not Sub.NOT_NOW


@pytest.mark.parametrize(
    "text",
    ["Stop after the sales.", "Haal mij na de beurs van de lijst.", "Après les soldes, désinscrivez-moi."],
)
def test_a_no_stays_one_beside_a_time(text: str) -> None:
    verdict = classify(mail(text), received=MONDAY)
    assert verdict.kind in {MailKind.OPT_OUT, MailKind.UNCLEAR}
    assert verdict.sub is not Sub.NOT_NOW


def test_after_the_summer_is_september_of_this_year_while_it_is_ahead() -> None:
    assert later_on("na de zomer", date(2026, 5, 4)) == date(2026, 9, 1)


@pytest.mark.parametrize("text", ["Nu even niet.", "Not now.", "Pas maintenant.", "Jetzt nicht."])
def test_not_now_is_a_doubt_and_no_no(text: str) -> None:
    verdict = classify(mail(text))
    assert (verdict.kind, verdict.sub) == (MailKind.UNCLEAR, Sub.NOT_NOW)


def test_a_day_beside_a_plain_yes_is_kept_for_whoever_answers() -> None:
    verdict = classify(mail("Please call me in March, we would like a quote."))
    assert (verdict.kind, verdict.until) == (MailKind.PERSON, date(2027, 3, 1))


@given(st.text(max_size=80), st.dates(date(2020, 1, 1), date(2090, 1, 1)))
def test_a_day_lies_two_weeks_to_thirteen_months_ahead(text: str, today: date) -> None:
    found = later_on(fold(f"{text} na de zomer {text}"), today)
    assert found is None or timedelta(days=14) <= found - today <= timedelta(days=400)
