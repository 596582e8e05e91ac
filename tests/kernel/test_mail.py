"""The table of kinds of mail."""

from crm.kernel.mail import MANNERS, MailKind


def test_every_kind_has_its_manners() -> None:
    assert set(MANNERS) == set(MailKind)


def test_only_mail_that_opens_a_conversation_may_measure() -> None:
    assert {kind for kind in MailKind if MANNERS[kind].pixel} == {MailKind.OUTREACH, MailKind.MANUAL}


def test_all_but_rights_and_staff_mail_stops_in_one_click() -> None:
    assert {kind for kind in MailKind if not MANNERS[kind].one_click} == {MailKind.RIGHTS, MailKind.STAFF}
