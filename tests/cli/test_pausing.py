"""Pausing and letting go on at a terminal."""

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.cli.context import MISUSED, NO, OK
from crm.delivery.models import Mailbox
from crm.kernel.settings import Settings
from crm.sequences.models import EnrolmentState
from crm.services import Services
from crm.workflows.sending.claim import claim_batch
from tests.cli.test_commands import Terminal, crm, quiet
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail

__all__ = ["crm", "quiet"]


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    outreach = Outreach(services)
    outreach.enrol(outreach.person("info@winkel.example"), outreach.sequence(mail()))
    clock.now = NOW.replace(hour=15, minute=50)
    outreach.plan()
    return outreach


def names(outreach: Outreach) -> dict[str, str]:
    with outreach.services.database.reading() as session:
        box = session.scalars(select(Mailbox.address)).one()
    return {"everything": "", "mailbox": box, "sequence": "Reeks 3", "person": "info@winkel.example"}


@pytest.mark.parametrize("what", ["everything", "mailbox", "sequence", "person"])
def test_what_is_paused_at_a_terminal_stands_still_until_it_is_let_go_on(
    crm: Terminal, outreach: Outreach, what: str
) -> None:
    name = names(outreach)[what]
    words = [what, name] if name else [what]
    assert (crm("pause", *words), crm.out) == (OK, "Paused.\n")
    assert outreach.dispatch().claimed == 0
    assert (crm("resume", *words), crm.out) == (OK, "It goes on.\n")
    assert (crm("resume", *words), crm.out) == (NO, "It was not paused.\n")
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_a_person_is_paused_until_a_day(crm: Terminal, outreach: Outreach) -> None:
    assert crm("pause", "person", "info@winkel.example", "--until", "2026-03-20") == OK
    [one] = outreach.enrolments()
    assert one.state is EnrolmentState.PAUSED
    assert one.resumes_at is not None
    assert one.resumes_at.isoformat() == "2026-03-19T23:00:00+00:00"  # midnight here


def test_what_may_still_be_leaving_is_said(
    crm: Terminal, outreach: Outreach, clock: FakeClock, settings: Settings
) -> None:
    claim_batch(outreach.services.database, settings, now=clock.now, real_now=clock.now)
    assert crm("pause", "everything", "--reason", "holiday") == OK
    assert crm.out == "Paused.\n1 mails were leaving at this moment and may still arrive.\n"


@pytest.mark.parametrize(
    "words",
    [
        ["mailbox"],
        ["mailbox", "nobody@x.example"],
        ["sequence", "Nothing"],
        ["sequence", "99999999999999999999"],
        ["person", "nobody@winkel.example"],
        ["person", "no address"],
        ["everything", "--until", "2026-03-20"],
        ["person", "info@winkel.example", "--until", "2026-03-01"],
    ],
)
def test_what_cannot_be_paused_is_said_and_nothing_changes(
    crm: Terminal, outreach: Outreach, words: list[str]
) -> None:
    assert crm("pause", *words) == MISUSED
    assert crm.err
    with outreach.services.database.reading() as session:
        assert not [one for one in session.scalars(select(AuditEntry.action)) if "paused" in one]
