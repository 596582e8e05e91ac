"""One click, and it is over: nothing is sent again, in whatever spelling they come back, erased or not."""

import unicodedata
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crm.audit import chain
from crm.delivery.models import Message
from crm.privacy.models import Erasure, Refusal
from crm.prospects.models import Prospect
from tests.imports import HEADERS, brought, sheet
from tests.journeys.conftest import World
from tests.journeys.office import bring_in
from tests.journeys.post import Arrived
from tests.journeys.test_yes import CHOICES, SERIES
from tests.journeys.visitor import FORM, Visitor, published

LOCAL, DOMAIN = "max.mustermann", "bücher.example"
WIRE = f"{LOCAL}@xn--bcher-kva.example"
ROW = "{};Max Mustermann;Bücher GmbH;Nederland;Inkoper"

SPELLINGS = {
    "case": "Max.MUSTERMANN@BÜCHER.Example",
    "blanks": f"  {LOCAL}@{DOMAIN}\u00a0 ",
    "display name": f'"Mustermann, Max" <{LOCAL}@{DOMAIN}>',
    "plus tag": f"{LOCAL}+voorjaar@{DOMAIN}",
    "punycode": f"{LOCAL}@XN--BCHER-KVA.example",
    "decomposed": unicodedata.normalize("NFD", f"{LOCAL}@{DOMAIN}"),
    "trailing dot": f"{LOCAL}@{DOMAIN}.",
    "mailto": f"mailto:{LOCAL}@{DOMAIN}",
}


def spelt(spelling: str) -> bytes:
    """The same file again, with this address in it."""
    cell = '"' + spelling.replace('"', '""') + '"'
    return sheet(ROW.format(cell), headers=HEADERS)


@pytest.mark.both_databases
def test_a_no_outlives_reimport_in_every_spelling_and_erasure(world: World) -> None:
    noor = world.office.claim()
    max_ = imported(world, noor)
    mail = written_to(world, noor, max_)
    one_click(world, mail)
    nothing_follows(world, 1)
    refused_in_every_spelling(world)
    not_enrolled_again(noor, max_)
    erased(world, noor, max_)
    refused_in_every_spelling(world)
    refused_by_the_page(world, noor)
    nothing_follows(world, 1)
    noor.close()
    with world.office.services.database.reading() as session:
        assert chain.verify(session) is None


def imported(world: World, noor: Visitor) -> int:
    bring_in(noor, spelt(f"{LOCAL}@{DOMAIN}"), **CHOICES, basis_wording="Mail ons uw aanbod.",
             basis_url="https://buecher.example")  # fmt: skip
    world.office.tick()
    people = world.office.all(Prospect)
    assert [one.address for one in people] == [WIRE]
    return people[0].id


def written_to(world: World, noor: Visitor, person: int) -> Arrived:
    office, post = world.office, world.post
    published(noor, SERIES)
    assert "Enrolled" in noor.follow(noor.submit(noor.get(f"/prospects/{person}"), "/enrol$")).text
    office.pass_time_until(lambda: len(post.taken) == 1)
    return post.to(WIRE)[0]


def one_click(world: World, mail: Arrived) -> None:
    """As mail programs do it: no cookie, no page before, and a body or none."""
    program = world.office.visitor()
    assert program.ask("GET", mail.one_click).status == 200
    assert world.office.all(Refusal) == [], "looking says nothing"
    clicked = program.ask("POST", mail.one_click)
    assert (clicked.status, program.cookies) == (200, {})
    first = [one.public_id for one in world.office.all(Refusal)]
    assert len(first) == 1
    again = program.ask("POST", mail.one_click, b"List-Unsubscribe=One-Click", {"Content-Type": FORM})
    assert again.status == 200
    assert [one.public_id for one in world.office.all(Refusal)] == first, "twice is once"
    program.close()


def nothing_follows(world: World, sent: int) -> None:
    """Three weeks with the scheduler at work."""
    world.office.pass_time(timedelta(days=21), step=timedelta(hours=11))
    assert len(world.post.taken) == sent


def refused_in_every_spelling(world: World) -> None:
    office = world.office
    before = {one.id for one in office.all(Prospect)}
    for name, spelling in SPELLINGS.items():
        ended = brought(office.services.intake, spelt(spelling))
        assert ended.counts == {"refused": 1}, name
    assert {one.id for one in office.all(Prospect)} == before
    office.tick()
    assert len(world.post.taken) == 1


def not_enrolled_again(noor: Visitor, person: int) -> None:
    """The gate says no to a colleague who insists, and says why."""
    page = noor.get(f"/prospects/{person}")
    assert "No" in page.words
    left_out = noor.submit(page, "/enrol$")
    assert left_out.status == 200
    assert "0 of 1 enrolled" in left_out.text


def erased(world: World, noor: Visitor, person: int) -> None:
    """Nothing of them is left but the no."""
    office = world.office
    page = noor.get(f"/prospects/{person}/erase")
    assert noor.submit(page, "/erase$", company="Bücher GmbH").status == 200
    office.tick()
    assert [one.finished_at is not None for one in office.all(Erasure)] == [True]
    assert office.all(Prospect) == []
    with office.services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0
    assert noor.get(f"/prospects/{person}").status == 404


def refused_by_the_page(world: World, noor: Visitor) -> None:
    """The page says so before anything is kept, and when it is done."""
    running = bring_in(noor, spelt(SPELLINGS["display name"]), **CHOICES)
    world.office.tick()
    done = noor.get(running.url)
    assert "They said no" in done.words
    assert world.office.all(Prospect) == []
