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
