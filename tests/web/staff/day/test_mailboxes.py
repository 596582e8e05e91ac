"""A second mailbox, and another address for one: on the page and at a terminal, on record."""

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.delivery.models import Mailbox
from crm.services import Services
from tests.cli.test_commands import Terminal
from tests.outreach import Outreach, mail
from tests.web.staff.conftest import Browser

pytestmark = pytest.mark.both_databases

NEW = {"address": "Femke@produfoto.example", "display_name": "Femke van Produfoto", "sender_name": "Femke"}


@pytest.fixture
def crm(services: Services, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(services, capsys)


def boxes(services: Services) -> list[tuple[str, str, str]]:
    with services.database.reading() as session:
        rows = session.scalars(select(Mailbox).order_by(Mailbox.id)).all()
    return [(one.address, one.display_name, one.sender_name) for one in rows]


def noted(services: Services) -> list[str]:
    with services.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    return [one for one in actions if one.startswith("mailbox")]


def test_a_mailbox_is_added_and_a_sequence_can_send_from_it(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    assert admin.post("/settings/mailboxes", NEW).status_code == 303
    assert boxes(services) == [("Femke@produfoto.example", "Femke van Produfoto", "Femke")]
    assert noted(services) == ["mailbox.added"]
    assert "Femke@produfoto.example" in admin.get("/sequences/new").text
    with services.database.reading() as session:
        box = session.scalars(select(Mailbox)).one()
    assert (box.daily_cap, box.ramp_start, box.gap_seconds) == (30, 10, 600)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "femke"}, "An address has one @"),
        ({"address": "SANNE1@outreach.produfoto.example"}, "Another mailbox has this address"),
        ({"display_name": "  "}, "give the mailbox a name"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    admin: Browser, outreach: Outreach, services: Services, change: dict[str, str], words: str
) -> None:
    outreach.mailbox()
    answer = admin.post("/settings/mailboxes", {**NEW, **change})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Femke"' in answer.text
    assert len(boxes(services)) == 1


def test_another_address_keeps_the_mailbox_and_what_is_written(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    box = outreach.mailbox()
    outreach.sequence(mail(), mailbox=box)
    taken = admin.post(f"/settings/mailboxes/{box}/address", {"address": "femke"})
    assert taken.status_code == 422
    assert 'value="femke"' in taken.text
    assert admin.post(f"/settings/mailboxes/{box}/address", NEW).status_code == 303
    assert [one[0] for one in boxes(services)] == ["Femke@produfoto.example"]
    assert admin.post(f"/settings/mailboxes/{box}/address", NEW).status_code == 303
    assert noted(services) == ["mailbox.moved"]
    assert admin.post("/settings/mailboxes/99/address", NEW).status_code == 404


def test_names_that_were_typed_stay_when_a_number_is_wrong(admin: Browser, outreach: Outreach) -> None:
    box = outreach.mailbox()
    form = {"display_name": "Zoë", "sender_name": "Zoë IJsbrand", "daily_cap": "9000"}
    answer = admin.post(f"/settings/mailboxes/{box}", form)
    assert answer.status_code == 422
    assert 'value="Zoë IJsbrand"' in answer.text


def test_only_an_administrator_adds_one(sales: Browser, services: Services) -> None:
    assert sales.post("/settings/mailboxes", NEW).status_code == 403
    assert boxes(services) == []


def test_the_same_at_a_terminal(crm: Terminal) -> None:
    assert crm("mailbox", "add", "femke@produfoto.example", "--name", "Femke van Produfoto") == 0
    assert crm("mailbox", "add", "FEMKE@produfoto.example", "--name", "Twee") == 1
    assert "Another mailbox has this address" in crm.err
    assert crm("mailbox", "address", "nobody@produfoto.example", "x@produfoto.example") == 2
    assert "We send from no such address" in crm.err
    assert crm("mailbox", "address", "Femke@produfoto.example", "sanne@produfoto.example") == 0
    assert crm("mailbox", "list") == 0
    assert "sanne@produfoto.example  Femke van Produfoto, 30 a day" in crm.out
    assert noted(crm.services) == ["mailbox.added", "mailbox.moved"]
