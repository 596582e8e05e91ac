"""What the first person finds."""

import pytest
from sqlalchemy import select

from crm.delivery.models import Mailbox
from crm.services import Services
from crm.workflows.house.open_house import first_mailbox


@pytest.mark.both_databases
def test_a_new_house_has_one_mailbox_to_send_from_and_keeps_it(services: Services) -> None:
    for _ in range(2):
        with services.database.transaction() as session:
            first_mailbox(session, services.settings)
    with services.database.reading() as session:
        found = [(one.address, one.display_name) for one in session.scalars(select(Mailbox))]
    assert found == [("sales@outreach.produfoto.example", "Produfoto")]
