"""The inventory is whole: nothing is kept that does not say what it is (D11)."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from crm import models
from crm.queries.keeping import inventory
from scripts import data_page


def test_every_table_of_the_program_is_in_the_inventory() -> None:
    assert {one.table.name for one in inventory.entries()} == set(models.metadata.tables)


def test_no_room_of_tables_is_on_one_roll_call_only() -> None:
    """Here both are imported, so what one of them forgot is known all the same: the export would lack it."""
    assert set(inventory.ROOMS) == set(models.ROOMS)


def test_every_column_has_a_declaration_with_a_purpose() -> None:
    for one in inventory.entries():
        assert set(one.columns) == {column.name for column in one.table.columns}
        assert all(said.purpose for said in one.columns.values()), one.table.name


def test_a_table_without_a_way_to_the_person_holds_nobodys_data_or_is_shared() -> None:
    lost = {
        one.table.name for one in inventory.entries() if one.is_shared and not inventory.references_to(one)
    }
    assert lost == set()


def test_every_way_ends_at_a_person() -> None:
    for one in inventory.of_person():
        for path in one.paths:
            assert path.column in one.table.columns
            assert path.digest or path.domain or inventory.entry(path.table).paths


def test_a_silent_column_is_found() -> None:
    class Silent:
        """A model that says nothing."""

        __about__ = None

    table = Table("silent", MetaData(), Column("id", Integer, primary_key=True))
    with pytest.raises(LookupError, match="without a declaration: id"):
        inventory._entry(table, Silent)  # type: ignore[arg-type] # noqa: SLF001 - a stand-in for a model


def test_the_page_says_what_the_models_say() -> None:
    assert data_page.PAGE.read_text("utf-8") == data_page.page(), "run scripts/data_page.py"
