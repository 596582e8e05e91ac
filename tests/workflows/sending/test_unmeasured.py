"""A no to measuring reaches what is written already: nothing leaves with a pixel after it (D4)."""

import pytest

from crm.delivery.models import MessageState
from crm.kernel.faults import watched
from crm.kernel.mail import TrackingMode
from crm.privacy.models import RefusalScope
from crm.services import Services
from crm.workflows.desk.write_mail import Written, write_mail
from tests.conftest import FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach
from tests.workflows.planning.test_plan import begin

pytestmark = pytest.mark.both_databases

ANN = "ann@winkel.example"
PIXEL = b"/o/"


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def by_hand(outreach: Outreach, clock: FakeClock) -> None:
    """A first mail that a colleague wrote, at the moment it can no longer be taken back."""
    outreach.mailbox()
    person = outreach.person(ANN)
    with outreach.services.database.transaction() as session:
        write_mail(session, outreach.services.desk, person, Written("Foto's", "Dag Ann."), now=outreach.now)
    clock.now = outreach.messages()[0].due_at


def by_sequence(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, who=outreach.person(ANN))
    outreach.plan()
    clock.now = outreach.messages()[0].due_at


def objects(outreach: Outreach) -> None:
    """In the register, and nowhere else: as when it comes while the mail is being written."""
    outreach.refuse(ANN, scope=RefusalScope.MEASURING)


def left(outreach: Outreach) -> list[bytes]:
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    return [one.wire for one in mailer.sent]


def work(outreach: Outreach) -> None:
    for _ in range(3):
        outreach.plan()
        while outreach.dispatch().claimed:
            continue


WRITTEN = pytest.mark.parametrize("written", [by_hand, by_sequence])


@WRITTEN
def test_mail_that_waits_has_a_pixel(outreach: Outreach, clock: FakeClock, written: object) -> None:
    assert callable(written)
    written(outreach, clock)
    work(outreach)
    [wire] = left(outreach)
    assert PIXEL in wire


@WRITTEN
def test_after_a_no_to_measuring_it_leaves_without(
    outreach: Outreach, clock: FakeClock, written: object
) -> None:
    assert callable(written)
    written(outreach, clock)
    objects(outreach)
    work(outreach)
    [wire] = left(outreach)
    assert PIXEL not in wire
    [row] = outreach.messages()
    assert (row.state, row.tracking, row.pixel_id) == (MessageState.SENT, TrackingMode.OFF, None)
    assert row.wire == wire


@WRITTEN
def test_so_it_does_where_the_no_comes_after_the_claim(
    outreach: Outreach, clock: FakeClock, written: object
) -> None:
    assert callable(written)
    written(outreach, clock)

    def meanwhile(name: str) -> None:
        if name == "claim.after_commit" and not left(outreach):
            objects(outreach)

    with watched(meanwhile):
        work(outreach)
    [wire] = left(outreach)
    assert PIXEL not in wire
