"""The client's address, told apart from what a client claims; and its digest."""

import hashlib
import hmac
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.errors import InvalidSettingsError
from crm.tracking.addresses import (
    IpPurpose,
    TrustedProxies,
    client_address,
    ip_digest,
    normalised,
    parse_address,
    unwrapped,
)

PROXY = "10.0.0.1"
TRUST_ONE = TrustedProxies.parse(["10.0.0.0/8", "2001:db8:ffff::/48"])
TRUST_TWO = TrustedProxies.parse(["10.0.0.0/8"], hops=2)
TRUST_NONE = TrustedProxies()
KEY = bytes(range(32))

entries = st.text("0123456789abcdef.:,[]%\"' unkow;=", max_size=60)
addresses = st.ip_addresses().map(str)


def test_without_trusted_proxies_the_header_is_never_believed() -> None:
    assert str(client_address("192.0.2.44", "203.0.113.9", TRUST_NONE)) == "192.0.2.44"


def test_a_stranger_cannot_speak_as_a_proxy() -> None:
    assert str(client_address("192.0.2.44", "203.0.113.9", TRUST_ONE)) == "192.0.2.44"


def test_one_proxy_names_the_client_in_the_last_entry() -> None:
    assert str(client_address(PROXY, "198.51.100.7, 192.0.2.44", TRUST_ONE)) == "192.0.2.44"


def test_with_two_proxies_the_client_is_the_second_from_the_right() -> None:
    chain = "198.51.100.7, 192.0.2.44, 10.0.0.2"
    assert str(client_address(PROXY, chain, TRUST_TWO)) == "192.0.2.44"


def test_a_chain_shorter_than_our_proxies_is_not_believed() -> None:
    assert str(client_address(PROXY, "198.51.100.7", TRUST_TWO)) == PROXY


@pytest.mark.parametrize("entry", ["unknown", "", "_hidden", "192.0.2.999", "for=192.0.2.1", "1.2.3.4.5"])
def test_an_entry_that_is_no_address_falls_back_to_the_peer(entry: str) -> None:
    assert str(client_address(PROXY, f"198.51.100.7, {entry}", TRUST_ONE)) == PROXY


def test_a_v4_mapped_peer_is_still_the_trusted_proxy() -> None:
    assert str(client_address("::ffff:10.0.0.1", "192.0.2.44", TRUST_ONE)) == "192.0.2.44"


def test_a_unix_socket_is_a_proxy_only_when_it_was_named() -> None:
    named = TrustedProxies.parse(["unix"])
    assert str(client_address("", "192.0.2.44", named)) == "192.0.2.44"
    assert client_address("", "192.0.2.44", TRUST_ONE) is None


@given(st.lists(entries, max_size=6), addresses)
def test_nothing_left_of_our_own_entry_changes_the_answer(forged: list[str], client: str) -> None:
    chain = ", ".join([*forged, client])
    assert client_address(PROXY, chain, TRUST_ONE) == parse_address(client)


@given(st.lists(entries, max_size=6), addresses, addresses)
def test_nothing_left_of_the_second_entry_changes_it_with_two_proxies(
    forged: list[str], client: str, inner: str
) -> None:
    chain = ",".join([*forged, client, inner])
    assert client_address(PROXY, chain, TRUST_TWO) == parse_address(client)


@given(st.text(), st.text())
def test_no_header_is_an_error(peer: str, forwarded: str) -> None:
    client_address(peer, forwarded, TRUST_ONE)


def test_a_megabyte_of_forged_entries_still_gives_the_client() -> None:
    assert str(client_address(PROXY, "198.51.100.7," * 100_000 + "192.0.2.44", TRUST_ONE)) == "192.0.2.44"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.44", "192.0.2.44"),
        (" 192.0.2.44 ", "192.0.2.44"),
        ("192.0.2.44:51234", "192.0.2.44"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.44", "192.0.2.44"),
        ("[::ffff:192.0.2.44]:80", "192.0.2.44"),
    ],
)
def test_port_brackets_quotes_and_zone_are_taken_off(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize(
    "wrapped",
    ["::ffff:192.0.2.44", "::192.0.2.44", "2002:c000:22c::1", "64:ff9b::192.0.2.44"],
)
def test_every_wrapping_of_ipv4_is_the_ipv4_address(wrapped: str) -> None:
    assert unwrapped(ip_address(wrapped)) == ip_address("192.0.2.44")


@pytest.mark.parametrize("own", ["::", "::1", "2001:db8::1", "64:ff9b:1::c000:22c"])
def test_other_ipv6_addresses_are_left_alone(own: str) -> None:
    assert unwrapped(ip_address(own)) == ip_address(own)


def test_ipv6_is_compared_by_its_first_64_bits() -> None:
    one, two = ip_address("2001:db8:1:2::a"), ip_address("2001:db8:1:2:ffff::b")
    assert normalised(one) == normalised(two)
    assert normalised(one) != normalised(ip_address("2001:db8:1:3::a"))


def test_the_digest_is_the_published_construction() -> None:
    digest = ip_digest(ip_address("192.0.2.44"), KEY, IpPurpose.OUTREACH)
    expected = hmac.new(KEY, b"outreach\0\xc0\x00\x02\x2c", hashlib.sha256).hexdigest()[:32]
    assert digest == expected


def test_one_place_has_one_digest_in_every_form() -> None:
    forms = ["192.0.2.44", "::ffff:192.0.2.44", "2002:c000:22c::1"]
    assert len({ip_digest(ip_address(form), KEY, IpPurpose.OUTREACH) for form in forms}) == 1


def test_digests_of_two_purposes_cannot_be_linked() -> None:
    address = ip_address("192.0.2.44")
    assert len({ip_digest(address, KEY, purpose) for purpose in IpPurpose}) == len(IpPurpose)


def test_digests_under_two_keys_cannot_be_linked() -> None:
    address = ip_address("192.0.2.44")
    assert ip_digest(address, KEY, IpPurpose.LIMITS) != ip_digest(address, bytes(32), IpPurpose.LIMITS)


@pytest.mark.parametrize(("names", "hops"), [(["nonsense"], 1), (["10.0.0.1/8"], 1), ([], 0), ([], 10)])
def test_a_setting_that_means_nothing_is_refused(names: list[str], hops: int) -> None:
    with pytest.raises(InvalidSettingsError):
        TrustedProxies.parse(names, hops=hops)
