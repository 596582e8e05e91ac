"""The one mailbox in a cell, whatever stands around it; and cells that have none."""

import pytest

from crm.prospects.reading.cells import address_of, name_beside
from crm.prospects.reading.faults import CellFaultError, RowFaultCode
from crm.prospects.reading.text_file import FORMULA_MARK


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Jan de Wit <jan@x.example>", "jan@x.example"),
        ("mailto:jan@x.example", "jan@x.example"),
        ("MAILTO:jan@x.example?subject=Hi", "jan@x.example"),
        ("\u00a0jan@x.example\u00a0", "jan@x.example"),
        ("jan@x.example;", "jan@x.example"),
        ("jan@x.example,", "jan@x.example"),
        ("<jan@x.example>", "jan@x.example"),
        ("jan\u200b@x.example", "jan@x.example"),
        ("Jan@X.Example", "Jan@x.example"),
        ("jan@bücher.example", "jan@xn--bcher-kva.example"),
    ],
)
def test_what_surrounds_an_address_is_taken_off(cell: str, address: str) -> None:
    assert str(address_of(cell)) == address


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", RowFaultCode.NO_ADDRESS),
        ("   ", RowFaultCode.NO_ADDRESS),
        ("a@x.example; b@x.example", RowFaultCode.SEVERAL_ADDRESSES),
        ("a@x.example b@x.example", RowFaultCode.SEVERAL_ADDRESSES),
        ("b@y.example <a@x.example>", RowFaultCode.SEVERAL_ADDRESSES),
        ("jan", RowFaultCode.BAD_ADDRESS),
        ("jan(at)x.example", RowFaultCode.BAD_ADDRESS),
        ("ja\0n@x.example", RowFaultCode.BAD_ADDRESS),
        ("ja\r\nn@x.example", RowFaultCode.BAD_ADDRESS),
        ("ja\u2028n@x.example", RowFaultCode.BAD_ADDRESS),
        ("ja,n@x.example", RowFaultCode.BAD_ADDRESS),
        ("jan@x", RowFaultCode.BAD_ADDRESS),
        ("jan@p\u0430ypal.example", RowFaultCode.NEEDS_REVIEW),
        ("j\u0430n@x.example", RowFaultCode.NEEDS_REVIEW),
        ("jan@\u0441\u043e\u0441\u043e.example", RowFaultCode.NEEDS_REVIEW),
        ("#N/A", RowFaultCode.FORMULA),
        (FORMULA_MARK, RowFaultCode.FORMULA),
    ],
)  # the letters by number are Cyrillic
def test_an_address_that_cannot_be_used_is_a_fault_in_words(cell: str, code: RowFaultCode) -> None:
    with pytest.raises(CellFaultError) as caught:
        address_of(cell)
    assert caught.value.code is code
    assert caught.value.words.endswith(".")


def test_a_cyrillic_shop_with_a_name_of_its_own_is_no_imitation() -> None:
    assert address_of("info@фотография.example").domain.startswith("xn--")


def test_the_name_beside_an_address_is_found() -> None:
    assert name_beside('"Wit, Jan de" <jan@x.example>') == "Wit, Jan de"
    assert name_beside("jan@x.example") == ""
    assert name_beside("jan@x.example <jan@x.example>") == ""
