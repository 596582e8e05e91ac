"""Telling a desk's address from a person's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.business import AddressKind, address_kind

GENERIC = (
    "info contact hello hallo hoi mail office kantoor büro buero buro sales verkoop inkoop einkauf "
    "achats marketing webshop shop INFO Info-NL info.be info+offers sales-team contact_de info2 "
    "e-commerce vertrieb"
)
NEVER = (
    "abuse postmaster hostmaster webmaster noc security mailer-daemon no-reply noreply donotreply "
    "do-not-reply bounce bounces bounces-123-ann bounce+x=y privacy dpo avg gdpr datenschutz "
    "unsubscribe legal juridisch jobs hr vacatures bewerbung press pers billing facturen invoice "
    "rechnung support klantenservice Support-NL kundenservice service.client webshop-support "
    "announce-request owner-list usenet news www uucp ftp noreply-orders"
)
NAMED = (
    "ann ann.smit a.smit jan-willem jan.hr smit.info contact.jan bouncer sally shopkeeper "
    "marketingjan hello.kitty pers.jansen 12 mueller"
)


@pytest.mark.parametrize("local", GENERIC.split())
def test_this_is_a_desk_that_offers_may_go_to(local: str) -> None:
    assert address_kind(local) is AddressKind.GENERIC


@pytest.mark.parametrize("local", NEVER.split())
def test_this_is_a_machine_or_a_desk_with_another_job(local: str) -> None:
    assert address_kind(local) is AddressKind.NEVER


@pytest.mark.parametrize("local", NAMED.split())
def test_this_counts_as_a_person(local: str) -> None:
    assert address_kind(local) is AddressKind.NAMED


@given(st.text())
def test_any_text_has_a_kind(local: str) -> None:
    assert address_kind(local) in AddressKind


@given(st.sampled_from(f"{GENERIC} {NEVER} {NAMED}".split()))
def test_capitals_make_no_difference(local: str) -> None:
    assert address_kind(local.upper()) is address_kind(local)
