"""Reading tokens: as the standard library would, and nothing else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.errors import InvalidLinkError
from crm.kernel.links import LinkRing

RING = LinkRing(["k" * 32], purpose="test")


@given(st.binary(min_size=1, max_size=60))
def test_what_was_signed_is_read(payload: bytes) -> None:
    assert RING.read(RING.sign(payload)) == payload
    assert RING.read(RING.sign(payload).upper() + ".>") == payload


@given(st.binary(min_size=1, max_size=60))
def test_a_token_is_plain_base32(payload: bytes) -> None:
    token = RING.sign(payload).upper()
    assert base64.b32decode(token + "=" * (-len(token) % 8))[:-16] == payload


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(InvalidLinkError):
        RING.read(text)


@pytest.mark.parametrize("odd", ["1_0", "+ab", "-ab", " a b", "0x1", "a\nb", "a٣b", "", "="])
def test_what_only_looks_like_a_number_is_refused(odd: str) -> None:
    with pytest.raises(InvalidLinkError):
        RING.read(RING.sign(b"payload") + odd + "a")


@given(st.binary(min_size=1, max_size=60))
def test_any_other_last_character_is_refused(payload: bytes) -> None:
    token = RING.sign(payload)
    for last in set("abcdefghijklmnopqrstuvwxyz234567") - {token[-1]}:
        with pytest.raises(InvalidLinkError):
            RING.read(token[:-1] + last)


def test_an_old_key_still_verifies() -> None:
    token = LinkRing(["old" * 12], purpose="test").sign(b"x")
    assert LinkRing(["old" * 12, "new" * 12], purpose="test").read(token) == b"x"


def test_another_purpose_does_not() -> None:
    with pytest.raises(InvalidLinkError):
        LinkRing(["k" * 32], purpose="other").read(RING.sign(b"x"))
