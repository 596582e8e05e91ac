"""`rehearse`: what a sequence would send, at a terminal."""

import pytest
from sqlalchemy import func, select

from crm.sequences.models import Enrolment
from crm.services import Services
from tests.cli.test_commands import Terminal, quiet
from tests.outreach import Outreach, mail

__all__ = ["quiet"]


@pytest.fixture
def crm(services: Services, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(services, capsys)


@pytest.mark.both_databases
def test_every_mail_is_printed_and_who_is_left_out(crm: Terminal, services: Services) -> None:
    world = Outreach(services)
    sequence = world.sequence(mail(), mail(3, ""))
    world.person(name="Els Aan")
    world.person(name="Zonder Grond", proven=False)
    assert crm("rehearse", str(sequence)) == 0
    assert crm.out.count("Els Aan") == 2
    assert "2 mails to 1 people; the last one leaves" in crm.out
    assert "Not enrolled, 1: " in crm.out
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Enrolment)) == 0


def test_nothing_to_send_is_told_by_the_exit_code(crm: Terminal, services: Services) -> None:
    world = Outreach(services)
    sequence = world.sequence()
    assert crm("rehearse", str(sequence)) == 1
    assert "0 mails to 0 people." in crm.out
    assert crm("rehearse", "geen") == 2


@pytest.mark.both_databases
def test_why_names_everything_in_the_way_in_order(crm: Terminal, services: Services) -> None:
    world = Outreach(services)
    person = world.person("els@schoenen.example", proven=False)
    assert crm("why", "els@schoenen.example") == 1
    assert "1. They are in no sequence." in crm.out
    assert "You or a colleague: enrol them, or write a mail." in crm.out
    assert "  2. " in crm.out
    assert person
