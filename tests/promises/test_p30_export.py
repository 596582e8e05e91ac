"""P30 and P34: a person's copy holds everything about them, in JSON, and nothing about anybody else."""

import json
from typing import Any

import pytest

from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.keeping import inventory
from crm.services import Services
from crm.workflows.refusals.export_person import House, export_person
from tests.conftest import NOW
from tests.promises.canaries import Planted, plant, spellings


def planted_person(services: Services, name: str) -> Planted:
    ring = services.settings.keys.addresses
    with services.database.transaction() as session:
        someone = plant(session, ring, name=name)
        spellings(session, ring, someone)
    return someone


def copy_for(services: Services, someone: Planted, *, spelled: str = "") -> dict[str, Any]:
    ring = services.settings.keys.addresses
    address = type(someone.address).parse(spelled) if spelled else someone.address
    house = House(ring, services.settings.controller, services.settings.retention_months)
    with services.database.transaction() as session:
        return export_person(session, house, (ring.digest(address), ring.version), at=NOW)


@pytest.mark.both_databases
def test_every_word_about_them_is_in_their_copy(services: Services) -> None:
    someone = planted_person(services, "anna")
    text = json.dumps(copy_for(services, someone))
    assert [word for word in someone.words if word not in text] == []


def test_no_word_about_somebody_else_is_in_it(services: Services) -> None:
    other = planted_person(services, "bert")
    text = json.dumps(copy_for(services, planted_person(services, "anna")))
    assert [word for word in other.words if word in text and "anna" not in word] == []


def test_colleagues_are_not_in_it(services: Services) -> None:
    someone = planted_person(services, "anna")
    text = json.dumps(copy_for(services, someone))
    assert "staff" not in text
    assert "password" not in text


def test_every_column_comes_with_its_purpose(services: Services) -> None:
    copy = copy_for(services, planted_person(services, "anna"))
    for table in copy["tables"]:
        said = inventory.entry(table["name"]).columns
        assert table["columns"] == {name: said[name].purpose for name in table["columns"]}
        assert all(set(row) == set(table["columns"]) for row in table["rows"])


def test_every_table_about_a_person_is_in_it(services: Services) -> None:
    copy = copy_for(services, planted_person(services, "anna"))
    named = {table["name"] for table in copy["tables"]}
    assert named == {one.table.name for one in (*inventory.of_person(), *inventory.shared())}


def test_another_spelling_may_stop_them_but_not_read_them(services: Services) -> None:
    """Standards §3.8: `anna+x@…` is perhaps another person."""
    someone = planted_person(services, "anna")
    copy = copy_for(services, someone, spelled=f"anna+x@{someone.address.domain}")
    assert copy["tables"] == []


def test_what_they_refused_is_in_it_and_what_others_refused_is_not(services: Services) -> None:
    someone, other = planted_person(services, "anna"), planted_person(services, "bert")
    ring = services.settings.keys.addresses
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        kept = register.record(session, register.keys_of(ring, someone.address), wish).refusal
    said = {one["reference"]: one for one in copy_for(services, someone)["refusals"]}
    assert (said[kept.reference]["reach"], said[kept.reference]["reason"]) == ("address", "objection")
    assert said[kept.reference]["since"] == NOW.isoformat()
    assert kept.reference not in json.dumps(copy_for(services, other))


def test_it_says_who_answers_and_which_rights_there_are(services: Services) -> None:
    copy = copy_for(services, planted_person(services, "anna"))
    assert copy["controller"]["email"] == services.settings.controller.email
    assert copy["retention_months"] == services.settings.retention_months
    assert any("Autoriteit Persoonsgegevens" in right for right in copy["rights"])
