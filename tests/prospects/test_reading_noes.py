"""What other programs know of a person, and what is heard of it: a no always, a profile never."""

import pytest

from crm.prospects.reading.faults import RowFault, RowFaultCode
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.parsed import Defaults, ParsedRow
from crm.prospects.reading.rows import read_row


def test_one_no_among_several_columns_is_a_no() -> None:
    mapping = guess(["email", "company", "unsubscribed", "opted out", "afgemeld"])
    heard = {
        ("no", "yes", ""): True,
        ("", "", "ja"): True,
        ("true", "no", "nee"): True,
        ("no", "", "nee"): False,
    }
    for cells, says in heard.items():
        row = read_row(["a@winkel.example", "Winkel", *cells], mapping, Defaults())
        assert isinstance(row, ParsedRow)
        assert row.opted_out is says, cells


@pytest.mark.parametrize(
    ("header", "cell"),
    [("country", "Narnia"), ("time zone", "Mars/Olympus"), ("source", "purchased"), ("company", "x" * 201)],
)
def test_a_no_is_heard_whatever_else_is_wrong_with_its_row(header: str, cell: str) -> None:
    mapping = guess(["email", header, "unsubscribed"])
    row = read_row(["a@winkel.example", cell, "yes"], mapping, Defaults())
    assert isinstance(row, ParsedRow)
    assert row.opted_out
    assert isinstance(read_row(["a@winkel.example", cell, "no"], mapping, Defaults()), RowFault)


def test_a_no_under_an_uncertain_header_or_of_nobody_is_for_a_person_to_mend() -> None:
    mapping = guess(["email", "unsubscribed"])
    for cells in (["a@winkel.example", "yes", "yes"], ["winkel.example", "yes"]):
        assert isinstance(read_row(cells, mapping, Defaults()), RowFault)


@pytest.mark.parametrize(
    ("cell", "says"), [("unsubscribed", True), ("subscribed", False), ("no_consent", False)]
)
def test_a_no_in_pipedrives_marketing_status_is_heard(cell: str, says: bool) -> None:  # noqa: FBT001
    mapping = guess(["Person - Name", "Person - Email - Work", "Person - Marketing status"])
    row = read_row(["Ina Vos", "ina@winkel.example", cell], mapping, Defaults())
    assert isinstance(row, ParsedRow)
    assert row.opted_out is says


@pytest.mark.parametrize(
    "cell",
    [
        "https://www.linkedin.com/in/ann-smit",
        "linkedin.com/in/ann",
        "https://nl.linkedin.com/pub/ann",
        "xing.com/profile/Ann",
    ],
)
def test_a_persons_own_page_on_a_network_is_no_website(cell: str) -> None:
    fault = read_row(["a@winkel.example", cell], guess(["email", "website"]), Defaults())
    assert isinstance(fault, RowFault)
    assert fault.code is RowFaultCode.PROFILE
