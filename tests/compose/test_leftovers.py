"""Fields that nobody filled in, found in finished text."""

import pytest

from crm.compose.leftovers import leftovers


@pytest.mark.parametrize(
    "text",
    [
        "Dag {{ x }}",
        "Dag {{",
        "Dag }}",
        "{% if %}",
        "Dag {first_name},",
        "Dag None,",
        "[[x]]",
        "%NAME%",
        "*|N|*",
        "${n}",
    ],
)
def test_a_forgotten_field_is_found(text: str) -> None:
    assert leftovers(text)


@pytest.mark.parametrize(
    "text", ["Dag Anna", "None of it", "5% tot 10%", "> Dag {{ x }}\nGoed", "https://a.example/%ab%cd", "{ }"]
)
def test_ordinary_text_has_none(text: str) -> None:
    assert leftovers(text) == []
