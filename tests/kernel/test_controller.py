"""Who is answerable."""

from dataclasses import replace

import pytest

from crm.kernel.controller import REQUIRED, Controller

WHOLE = Controller("Foto", "12345678", "NL001234567B01", "1234 AB Voorbeeldstad", "privacy@foto.example")


@pytest.mark.parametrize("field", REQUIRED)
def test_each_published_value_is_needed(field: str) -> None:
    part = replace(WHOLE, **{field: " "})
    assert (part.complete, part.missing) == (False, (field,))
    assert WHOLE.complete


@pytest.mark.parametrize(("street", "wanted"), [(None, False), (" ", False), ("Voorbeeldlaan 1", True)])
def test_a_postal_address_needs_a_street(street: str | None, wanted: bool) -> None:  # noqa: FBT001 - a table
    assert replace(WHOLE, street=street).has_postal_address is wanted


def test_a_street_is_shown_where_there_is_one() -> None:
    assert replace(WHOLE, street=" Laan 1 ").values == ("Foto", "Laan 1", *WHOLE.values[1:])
