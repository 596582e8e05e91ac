"""The main job, end to end: from a spreadsheet to somebody who pays, seen from outside."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.audit import chain
from crm.conversations.models import Task
from crm.handoff.models import Lead
from crm.prospects.models import Prospect, Status
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.tracking.models import Opening, OpeningClass
from crm.web.pixel import GIF
from tests.journeys.conftest import World
from tests.journeys.office import bring_in, wait_for
from tests.journeys.post import Arrived, deliver
from tests.journeys.visitor import Page, Visitor, published

ANNA = "anna.deboer@kaarsenwinkel.example"
BAS = "bas@stoelenhuis.example"
HEADERS = "E-mailadres;Naam;Bedrijf;Land;Functie;Rechtsvorm;Website;Telefoon;Bewijs;Bewijs url"
WORDING = "Leveranciers mailen hun aanbod naar onze inkoop."
FIRST = (
    f"{ANNA};Anna de Boer;Kaarsenwinkel B.V.;Nederland;Inkoper;bv;https://kaarsenwinkel.example;"
    f"06 00000000;{WORDING};https://kaarsenwinkel.example/contact"
)
SECOND = (
    f"{BAS};Bas Bakker;Stoelenhuis B.V.;Nederland;Eigenaar;bv;https://stoelenhuis.example;;"
    f"{WORDING};https://stoelenhuis.example/contact"
)
BROKEN = "geen adres;;Kapotte Winkel;Nederland;;;;;;"
SHEET = f"{HEADERS}\r\n{FIRST}\r\n{SECOND}\r\n{BROKEN}\r\n".encode()

CHOICES = {
    "source_kind": "website",
    "source_words": "their contact page",
    "obtained_on": "2099-02-27",
    "relevance": "sells its own products online and photographs them",
    "confirmed_by": "Noor Visser",
    "basis": "published_address",
    "role_relevance": "buys the product photos",
}
FIRST_MAIL = (
    'Dag {{ first_name | default("collega") }},\n\nWij maken foto\'s voor {{ company }}.\n\n{{ sender_name }}'
)
SERIES = {
    "name": "Voorjaar",
    "language": "nl",
    "kind": ["email", "email"],
    "delay": ["0", "3"],
    "subject": ["Foto's voor {{ company }}", ""],
    "body": [FIRST_MAIL, "Dag,\n\nHad u al even tijd?\n\n{{ sender_name }}"],
}


@pytest.mark.both_databases
def test_somebody_who_says_yes_comes_from_a_spreadsheet_to_paying(world: World) -> None:
    noor = world.office.claim()
    anna = imported(world, noor)
    enrolled(world, noor, anna)
    first = written_to(world)
    opened(world, noor, anna, first)
    answered(world, noor, anna, first)
    lead = said_yes(world, noor, anna)
    link = handed_over(world, noor, lead)
    account = signed_up(world, link)
    came_all_the_way(world, noor, lead, account)
    noor.close()
    with world.office.services.database.reading() as session:
        assert chain.verify(session) is None


def imported(world: World, noor: Visitor) -> int:
    """The file is taken by the pages; the two who can be written to are there, the broken row comes back."""
    office = world.office
    running = bring_in(noor, SHEET, **CHOICES)
    office.tick()
    done = noor.get(running.url)
    assert "Added New prospects 2" in done.words
    assert "line 4 E-mailadres: " in done.words
    assert "Telefoon Telephone numbers are not kept" in done.words
    mended = noor.get(f"{running.url}/broken")
    assert "geen adres" in mended.text
    people = {one.address: one.id for one in office.all(Prospect)}
    assert set(people) == {ANNA, BAS}
    assert "06 00000000" not in noor.get(f"/prospects/{people[ANNA]}").text
    return people[ANNA]


def enrolled(world: World, noor: Visitor, anna: int) -> None:
    series = published(noor, SERIES)
    assert "Voorjaar" in series.words
    bas = next(one.id for one in world.office.all(Prospect) if one.address == BAS)
    listed = noor.get("/prospects")
    said = noor.submit(listed, "/prospects/bulk", id=[str(anna), str(bas)], act="enrol")
    assert said.status == 200
    assert "2 of 2 enrolled" in said.text, said.words


def written_to(world: World) -> Arrived:
    """Both get one mail, by SMTP, in the hours of their office."""
    office, post = world.office, world.post
    office.pass_time_until(lambda: len(post.taken) >= 2)
    assert [len(post.to(one)) for one in (ANNA, BAS)] == [1, 1]
    mail = post.to(ANNA)[0]
    assert mail.sender.startswith("b+")
    assert mail.header("Subject") == "Foto's voor Kaarsenwinkel B.V."
    assert "Dag Anna," in mail.text
    assert "Kaarsenwinkel B.V." in mail.html
    assert "sanne@outreach.produfoto.example" in mail.header("From")
    assert mail.one_click.startswith(f"{office.url}/u/")
    assert "42060740" in mail.text, "who we are stands in the mail"
    assert "bezwaar" in mail.text.lower(), "and the right to object"
    assert 9 <= office.clock.now.hour + 1 <= 17, "Amsterdam is an hour ahead in winter"
    return mail


def opened(world: World, noor: Visitor, anna: int, mail: Arrived) -> None:
    """The picture is fetched over HTTP; the opening is counted, and decides nothing."""
    office = world.office
    office.clock.advance(timedelta(minutes=40))
    assert len(mail.pictures) == 1
    reader = office.visitor(**{"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Thunderbird/140.3.0"})
    assert reader.get(mail.pictures[0]).body == GIF
    assert reader.ask("HEAD", mail.pictures[0]).status == 200
    assert reader.cookies == {}
    reader.close()
    wait_for(lambda: len(office.all(Opening)) == 1)
    opening = office.all(Opening)[0]
    assert opening.opened_by is OpeningClass.PERSON
    assert opening.ip_digest
    assert "127.0.0.1" not in str(vars(opening))
    assert "reached somebody" in noor.get(f"/prospects/{anna}").words


def answered(world: World, noor: Visitor, anna: int, mail: Arrived) -> None:
    """An answer lies in the Maildir; it is on Today and on the timeline, and no other mail follows it."""
    office, post = world.office, world.post
    deliver(office.inbox, mail.answer("Klinkt goed. Bel me morgen maar even over de prijs."))
    office.tick()
    today = noor.get("/")
    assert "Klinkt goed. Bel me morgen" in today.words
    assert "maken wij foto" not in today.words, "what they quoted is not shown as theirs"
    assert "Klinkt goed" in noor.get(f"/prospects/{anna}").words
    person = office.rows(select(Prospect).where(Prospect.id == anna))[0]
    assert person.status is Status.REPLIED
    course = office.rows(select(Enrolment).where(Enrolment.prospect_id == anna))[0]
    assert (course.state, course.stop_reason) == (EnrolmentState.STOPPED, StopReason.REPLIED)
    office.pass_time_until(lambda: len(post.to(BAS)) == 2, step=timedelta(hours=3))
    office.pass_time(timedelta(days=4), step=timedelta(hours=5))
    assert len(post.to(ANNA)) == 1
    follow_up = post.to(BAS)[1]
    assert follow_up.header("In-Reply-To") == post.to(BAS)[0].header("Message-ID")
    assert follow_up.header("Subject") == "Foto's voor Stoelenhuis B.V.", "no answer is pretended"


def said_yes(world: World, noor: Visitor, anna: int) -> int:
    asked = noor.get(f"/prospects/{anna}/convert")
    shown = noor.follow(noor.submit(asked, "/convert$"))
    assert "The lead is on its way" in shown.text
    again = noor.submit(asked, "/convert$")
    assert again.headers["Location"].partition("?")[0] in shown.url, "said twice, it is one lead"
    leads = world.office.all(Lead)
    assert len(leads) == 1
    return leads[0].id


def handed_over(world: World, noor: Visitor, lead: int) -> str:
    """The service has it, and the person gets one mail with their link."""
    office, post = world.office, world.post
    office.tick()
    assert "handed over" in noor.get(f"/leads/{lead}").words.lower()
    office.tick()
    mails = post.to(ANNA)
    assert len(mails) == 2
    assert mails[1].pictures == [], "the link they asked for is not measured"
    assert "Kamer van Koophandel" in mails[1].text or "KvK" in mails[1].text, "in their own language"
    assert "Chamber of Commerce" not in mails[1].text
    office.pass_time(timedelta(days=1), step=timedelta(hours=6))
    assert len(post.to(ANNA)) == 2
    return mails[1].link("/start/")


def signed_up(world: World, link: str) -> str:
    """Looking uses nothing up; pressing goes to the service with the code, once."""
    office = world.office
    anna = office.visitor()
    page = anna.get(link)
    assert page.status == 200
    assert '<html lang="nl">' in page.text, "in the language we wrote in"
    assert anna.get(link).body == anna.ask("GET", link).body
    assert office.all(Lead)[0].code_used_at is None
    gone = anna.submit(page, "/start/")
    assert gone.status == 303
    there = anna.get(gone.headers["Location"])
    assert there.url.startswith(f"{world.image_service.url}/sign-up?")
    assert ANNA not in there.url
    assert "Kaarsenwinkel B.V." in there.words
    assert office.all(Lead)[0].code_used_at is not None
    assert anna.get(link).status != 200, "the link works once"
    assert anna.submit(page, "/start/").status != 303
    assert anna.cookies == {}
    account = anna.follow(anna.submit(there, r"/sign-up\?"))
    anna.close()
    return account.url


def came_all_the_way(world: World, noor: Visitor, lead: int, account: str) -> None:
    """The service's signed reports move the lead, forward only; a forged one does not."""
    office = world.office
    customer = office.visitor()

    def state() -> str:
        return office.all(Lead)[0].state.value

    wait_for(lambda: state() == "signed_up")
    forged = customer.ask("POST", "/hooks/image-service", b'{"type": "paid"}', {"webhook-id": "report_1"})
    assert forged.status == 401
    for step, said in (("first_image", "made a first image"), ("paid", "paid")):
        customer.follow(customer.submit(customer.get(account), f"/{step}$"))
        wait_for(lambda step=step: state() == step)  # type: ignore[misc] # mypy knows no type of the default
        assert said in noor.get(f"/leads/{lead}").words.lower()
    customer.close()
    board: Page = noor.get("/leads")
    assert "Kaarsenwinkel B.V." in board.words
    person = office.rows(select(Prospect).where(Prospect.address == ANNA))[0]
    assert person.status is Status.CONVERTED
    assert [task.title for task in office.all(Task)] == []
