"""Every labelled mail is judged as its name says: kind, then sub-kind, then (for bounces) hardness."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from crm.replies.classify import classify
from crm.replies.reading import read
from crm.replies.verdicts import MailKind, Scope, Sub, Verdict
from tests.replies.mails import CORPUS, corpus

BACK = {
    "automatic.out_of_office.nl.terug_op": date(2027, 1, 5),
    "automatic.out_of_office.nl.tot_en_met": date(2027, 1, 4),
    "automatic.out_of_office.en.until": date(2026, 12, 7),
    "automatic.out_of_office.en.back_on": date(2026, 12, 1),
    "automatic.out_of_office.en.no_date": None,
    "automatic.out_of_office.de.bis": date(2026, 12, 5),
    "automatic.out_of_office.de.wieder": date(2026, 11, 30),
    "automatic.out_of_office.fr.de_retour": date(2026, 12, 1),
    "automatic.out_of_office.fr.jusquau": date(2026, 12, 5),
}
FOR_THE_COMPANY = [
    "opt_out.unsubscribe.nl.verwijder_ons",
    "opt_out.unsubscribe.en.stop_contacting",
    "opt_out.unsubscribe.en.opt_us_out",
    "opt_out.unsubscribe.fr.ne_nous_contactez_plus",
]
FOR_ONE = [
    "opt_out.unsubscribe.nl.stop",
    "opt_out.unsubscribe.en.do_not_email",
    "opt_out.objection.de.widerspreche",
]


def judged(path: Path) -> Verdict:
    return classify(read(path.read_bytes()))


@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.stem)
def test_a_labelled_mail_is_judged_as_its_label_says(path: Path) -> None:
    verdict = judged(path)
    sub = Sub.NONE if verdict.sub in {Sub.INTERESTED, Sub.OTHER_DESK} else verdict.sub
    assert [verdict.kind.value, sub.value] == path.name.split(".")[:2], verdict.evidence


@pytest.mark.parametrize("path", corpus("bounce.*"), ids=lambda path: path.stem)
def test_a_bounce_says_how_hard_it_is(path: Path) -> None:
    assert judged(path).hardness == path.name.split(".")[2]


@pytest.mark.parametrize("path", corpus("automatic.out_of_office.*"), ids=lambda path: path.stem)
def test_an_absence_says_when_they_are_back(path: Path) -> None:
    assert judged(path).until == BACK[path.stem]


@pytest.mark.parametrize("name", FOR_THE_COMPANY)
def test_who_says_us_speaks_for_the_company(name: str) -> None:
    assert judged(CORPUS / f"{name}.eml").scope is Scope.COMPANY


@pytest.mark.parametrize("name", FOR_ONE)
def test_who_says_me_speaks_for_one_address(name: str) -> None:
    assert judged(CORPUS / f"{name}.eml").scope is Scope.ADDRESS


@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.stem)
def test_every_verdict_names_its_evidence_without_the_mails_words(path: Path) -> None:
    evidence = judged(path).evidence
    assert evidence
    assert all(code.replace(".", "").replace("_", "").isalpha() for code in evidence)


@pytest.mark.parametrize("path", corpus("opt_out.*") + corpus("rights.*"), ids=lambda path: path.stem)
def test_a_no_is_never_taken_for_an_ordinary_answer_when_its_mail_is_cut(path: Path) -> None:
    cut = path.read_bytes()[:-4]
    assert classify(read(cut)).kind in {MailKind.OPT_OUT, MailKind.RIGHTS, MailKind.UNCLEAR}


def test_the_corpus_has_every_kind_in_four_languages() -> None:
    kinds = Counter(path.name.split(".")[0] for path in corpus())
    assert set(kinds) == set(MailKind)
    assert kinds.total() >= 140
    languages = {tuple(path.name.split(".")[i] for i in (0, 2)) for path in corpus()}
    assert {
        (kind, lang) for kind in ("opt_out", "rights", "person") for lang in ("nl", "en", "de", "fr")
    } <= languages


def test_every_sub_kind_of_a_no_is_in_the_corpus() -> None:
    subs = {path.name.split(".")[1] for path in corpus()}
    assert {Sub.UNSUBSCRIBE, Sub.DECLINED, Sub.OBJECTION, Sub.SOURCE, Sub.ACCESS, Sub.ERASURE} <= subs
