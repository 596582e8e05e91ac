"""Everyday domains are read on a short way; what is no domain is refused on it as on the long one."""

import email_validator
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import AddressFault, InvalidAddressError

SPECIAL = ["shop.local", "shop.invalid", "shop.onion", "shop.localhost", "a.arpa"]
MISSHAPEN = ["-shop.example", "shop-.example", "shop..example", ".example", "shop", "shop.12", "shop.exam-"]


@pytest.mark.parametrize("domain", [*SPECIAL, *MISSHAPEN, f"{'a' * 64}.example", "ab--cd.example"])
def test_what_is_no_public_domain_is_refused(domain: str) -> None:
    with pytest.raises(InvalidAddressError) as caught:
        EmailAddress.parse(f"ann@{domain}")
    assert caught.value.fault is AddressFault.DOMAIN


@pytest.mark.parametrize(
    "domain",
    ["shop.example", "SHOP.Example", "a-b.c1.example", "xn--bcher-kva.example", f"{'a' * 63}.example"],
)
def test_what_is_one_is_kept_in_lower_case(domain: str) -> None:
    assert EmailAddress.parse(f"ann@{domain}").domain == domain.lower()


labels = st.text("abz019-", min_size=1, max_size=8)


@given(
    st.lists(labels, min_size=1, max_size=4),
    st.sampled_from(["example", "nl", "x", "n1", "local", "co-op", "museum"]),
)
def test_the_short_way_agrees_with_the_library(names: list[str], top: str) -> None:
    domain = ".".join([*names, top])
    try:
        expected = email_validator.validate_email(
            f"x@{domain}", check_deliverability=False, strict=True, test_environment=True
        ).ascii_domain
    except email_validator.EmailNotValidError:
        expected = None
    try:
        found = EmailAddress.parse(f"x@{domain}").domain
    except InvalidAddressError:
        found = None
    assert found == expected
