"""What the first person finds."""

import pytest
from sqlalchemy import select

from crm.delivery.models import Mailbox
from crm.kernel.errors import NotFoundError
from crm.services import Services
from crm.staff import accounts
from crm.staff.models import Role
from crm.workflows.house.open_house import first_link, first_mailbox


@pytest.mark.both_databases
def test_only_the_newest_link_makes_the_first_account(services: Services) -> None:
    at = services.clocks.real()
    with services.database.transaction() as session:
        links = [first_link(session, "http://127.0.0.1", at=at) for _ in range(3)]
    *old, newest = [str(link).rpartition("/")[2] for link in links]
    with services.database.reading() as session:
        for code in old:
            with pytest.raises(NotFoundError):
                accounts.open_invitation(session, code, at=at)
        assert accounts.open_invitation(session, newest, at=at).role is Role.ADMIN


@pytest.mark.both_databases
def test_a_new_house_has_one_mailbox_to_send_from_and_keeps_it(services: Services) -> None:
    for _ in range(2):
        with services.database.transaction() as session:
            first_mailbox(session, services.settings)
    with services.database.reading() as session:
        found = [(one.address, one.display_name) for one in session.scalars(select(Mailbox))]
    assert found == [("sales@outreach.produfoto.example", "Produfoto")]
