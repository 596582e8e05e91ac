"""The place of a follow-up in its thread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.compose import headers
from crm.compose.threads import MAX_OCTETS, thread_of


def test_a_follow_up_hangs_under_its_parent() -> None:
    assert thread_of("<b@x>", parent_references=["<a@x>"]) == ("<b@x>", ("<a@x>", "<b@x>"))


def test_a_parent_without_references_lends_its_in_reply_to() -> None:
    assert thread_of("<b@x>", parent_in_reply_to=["<a@x>"]).references == ("<a@x>", "<b@x>")


def test_several_in_reply_to_are_not_used() -> None:
    assert thread_of("<c@x>", parent_in_reply_to=["<a@x>", "<b@x>"]).references == ("<c@x>",)


@pytest.mark.parametrize(
    "parent",
    [None, "", "a@x", "<a b@x>", "<é@x>", "<=?utf-8?q?x?=>", "<a@x>\r\nBcc: y", "<" + "a" * 990 + "@x>"],
)
def test_a_parent_without_usable_identifier_makes_no_thread(parent: str | None) -> None:
    assert thread_of(parent, parent_references=["<a@x>"]) == (None, ())


def test_a_long_thread_keeps_its_first_and_its_last_ten() -> None:
    chain = [f"<{number}@x>" for number in range(40)]
    assert thread_of("<p@x>", parent_references=chain).references == ("<0@x>", *chain[-9:], "<p@x>")


@given(
    st.lists(st.text(st.characters(codec="ascii"), max_size=300).map(lambda text: f"<{text}>"), max_size=30)
)
def test_a_thread_can_always_be_written(chain: list[str]) -> None:
    found = thread_of("<p@x>", parent_references=chain)
    assert found.references[-1] == "<p@x>"
    assert len(headers.references(found.references)) <= MAX_OCTETS
