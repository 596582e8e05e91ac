"""Domains as people read them, and never as something they are not."""

import pytest

from crm.kernel.addresses import EmailAddress
from crm.kernel.readable import as_read


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("anna@xn--bcher-kva.example", "anna@bücher.example"),
        ("anna@winkel.xn--bcher-kva.example", "anna@winkel.bücher.example"),
        ("https://www.XN--mller-kva.example/xyz", "https://www.müller.example/xyz"),
        ("info@xn--wgv71a119e.example", "info@日本語.example"),
        (
            "Not “a@xn--bcher-kva.example”, but b@xn--mller-kva.example.",
            "Not “a@bücher.example”, but b@müller.example.",
        ),
    ],
)
def test_a_domain_is_shown_in_its_own_letters(sent: str, read: str) -> None:
    assert as_read(sent) == read


@pytest.mark.parametrize(
    "domain",
    [
        "xn--n1aahb.example",  # coco, all of it Cyrillic
        "xn--pypal-4ve.example",  # paypal with one Cyrillic letter
        "xn--ggle-55da.example",  # google with two
        "xn--pple-zld.example",  # apple with a Greek one
    ],
)
def test_what_could_pass_for_another_domain_stays_as_it_is_sent(domain: str) -> None:
    assert as_read(f"info@{domain}") == f"info@{domain}"


@pytest.mark.parametrize(
    "text", ["", "anna@winkel.example", "xn--", "a@xn--.example", "xn--99999999999.example"]
)
def test_what_is_no_such_domain_stays(text: str) -> None:
    assert as_read(text) == text


def test_what_is_shown_is_the_same_address_when_it_is_typed() -> None:
    address = EmailAddress.parse("Anna@Bücher.example")
    assert EmailAddress.parse(as_read(str(address))) == address
