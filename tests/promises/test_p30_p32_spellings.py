"""P30, P32, standards §3.8: a spelling close to theirs stops them, and neither reads nor forgets them.

Of two people the register may take for one, each gets and takes along their own rows alone.
"""

import json
from collections import Counter

import pytest
from sqlalchemy import func, select

from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.queries.inbox.person import identities
from crm.queries.keeping import inventory
from crm.services import Services
from crm.workflows.refusals.erase import Receipt, Shelves, erase
from crm.workflows.refusals.export_person import House, export_person
from crm.workflows.refusals.refuse import Desk, Mailbox
from tests.conftest import NOW
from tests.promises.canaries import Planted, plant, spellings

PAIRS = [
    ("anna@anna-shop.example", "anna+x@anna-shop.example"),
    ("anna+x@anna-shop.example", "anna@anna-shop.example"),
    ("jan@gmail.com", "j.a.n@googlemail.com"),
    ("j.a.n@googlemail.com", "jan@gmail.com"),
]
pairs = pytest.mark.parametrize(("theirs", "close"), PAIRS)


def both(services: Services, theirs: str, close: str) -> tuple[Planted, Planted]:
    """Whoever asks, and somebody else whom the register could take for them; at companies of their own."""
    ring = services.settings.keys.addresses
    with services.database.transaction() as session:
        asking = plant(session, ring, name="asking", at=theirs)
        apart = {"companies.domain": "apart.example", "domain_checks.domain": "apart.example"}
        other = plant(session, ring, name="other", at=close, more=apart)
        for one in (asking, other):
            spellings(session, ring, one)
    return asking, other


def told(someone: Planted) -> list[str]:
    """The words that stand in their rows alone."""
    return [word for word in someone.words if word.startswith("canary") and f" {_name(someone)} " in word]


def _name(someone: Planted) -> str:
    return next(word.split(" ")[1] for word in someone.words if word.startswith("canary "))


def rows_of(services: Services, someone: Planted) -> Counter[str]:
    """How many rows of each table are about somebody: theirs by number, or by their own spelling."""
    ring = services.settings.keys.addresses
    subject = inventory.Subject((someone.ids["prospects"],), identities(ring, someone.address))
    with services.database.reading() as session:
        return Counter(
            {
                one.table.name: session.scalar(
                    select(func.count()).select_from(one.table).where(inventory.rows_about(one, subject))
                )
                or 0
                for one in inventory.of_person()
            }
        )


@pytest.mark.both_databases
def test_one_after_the_other_they_are_both_forgotten(services: Services) -> None:
    asking, other = both(services, *PAIRS[0])
    for gone, left in ((asking, other), (other, asking)):
        kept = rows_of(services, left)
        assert forgotten(services, gone.address).is_done
        assert not +rows_of(services, gone)
        assert rows_of(services, left) == kept


def forgotten(services: Services, address: EmailAddress) -> Receipt:
    ring, database = services.settings.keys.addresses, services.database
    desk = Desk(database, ring, services.journal, services.clocks.real, pause=lambda _seconds: None)
    shelves = Shelves(services.settings.var, services.sent_mail)
    return erase(desk, shelves, Mailbox(((ring.digest(address), ring.version),)), channel="page", at=NOW)


def test_the_register_does_take_them_for_one(services: Services) -> None:
    """The twin of those below: where nothing is shared, nothing could be mixed up."""
    ring = services.settings.keys.addresses
    for theirs, close in PAIRS:
        names = [set(ring.digests(EmailAddress.parse(one))) for one in (theirs, close)]
        assert names[0] & names[1]


@pairs
def test_a_copy_holds_no_row_of_a_spelling_close_to_theirs(
    services: Services, theirs: str, close: str
) -> None:
    asking, other = both(services, theirs, close)
    ring = services.settings.keys.addresses
    house = House(ring, services.settings.controller, services.settings.retention_months)
    with services.database.transaction() as session:
        copy = export_person(session, house, (ring.digest(asking.address), ring.version), at=NOW)
    text = json.dumps(copy)
    assert len(told(asking)) > 20
    assert [word for word in told(asking) if word not in text] == []
    assert [word for word in told(other) if word in text] == []
    assert f'"{other.address}"' not in text
    counts = {table["name"]: len(table["rows"]) for table in copy["tables"]}
    found = rows_of(services, asking)
    assert {name: counts[name] for name in found if name != "domain_checks"} == {
        name: number for name, number in found.items() if name != "domain_checks"
    }


@pairs
def test_an_erasure_takes_no_row_of_a_spelling_close_to_theirs(
    services: Services, theirs: str, close: str
) -> None:
    asking, other = both(services, theirs, close)
    before = rows_of(services, other)
    assert all(before[name] for name in ("messages", "inbound_mails", "notes", "contacts"))
    assert forgotten(services, asking.address).is_done
    assert not +rows_of(services, asking)
    assert rows_of(services, other) == before
    ring = services.settings.keys.addresses
    with services.database.reading() as session:
        assert register.standing(session, ring.digests(other.address))  # but the no is for both


@pairs
def test_a_close_spelling_that_is_nobodys_reads_and_forgets_nothing(
    services: Services, theirs: str, close: str
) -> None:
    ring = services.settings.keys.addresses
    with services.database.transaction() as session:
        someone = plant(session, ring, name="asking", at=theirs)
        spellings(session, ring, someone)
    before = rows_of(services, someone)
    forgotten(services, EmailAddress.parse(close))
    assert rows_of(services, someone) == before
