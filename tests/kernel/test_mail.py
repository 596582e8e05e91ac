"""The table of kinds of mail."""

import pytest

from crm.kernel.mail import MANNERS, Language, MailKind


def test_every_kind_has_its_manners() -> None:
    assert set(MANNERS) == set(MailKind)


def test_only_mail_that_opens_a_conversation_may_measure() -> None:
    assert {kind for kind in MailKind if MANNERS[kind].pixel} == {MailKind.OUTREACH, MailKind.MANUAL}


def test_all_but_rights_and_staff_mail_stops_in_one_click() -> None:
    assert {kind for kind in MailKind if not MANNERS[kind].one_click} == {MailKind.RIGHTS, MailKind.STAFF}


@pytest.mark.parametrize(
    ("spoken", "country", "language"),
    [
        (("de", "nl"), "NL", "de"),
        (("", "fr"), "NL", "fr"),
        (("sv", ""), "NL", "nl"),
        (("", ""), "AT", "de"),
        (("", ""), "BE", "en"),
        (("",), "", "en"),
    ],
)
def test_a_language_is_theirs_then_their_companys_then_their_countrys(
    spoken: tuple[str, ...], country: str, language: str
) -> None:
    assert Language.for_person(*spoken, country=country) is Language(language)
