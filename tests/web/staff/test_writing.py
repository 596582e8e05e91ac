"""A mail written by hand from a person's page, and taken back."""

import re

import pytest

from crm.replies.models import InboundMail, InboundState
from crm.services import Services
from tests.correspondence import Correspondence
from tests.web.staff.conftest import Browser


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def test_an_answer_taken_back_puts_their_mail_on_today_again(talk: Correspondence, sales: Browser) -> None:
    mail = talk.writes("Kunt u mij morgen bellen?")

    def state() -> InboundState:
        with talk.services.database.reading() as session:
            return session.get_one(InboundMail, mail.id).state

    typed = {"body": "Dat doen we.", "answers": str(mail.id), "once": "a" * 26}
    told = sales.post(f"/prospects/{talk.person}/write", typed)
    assert told.status_code == 200, told.get_data(as_text=True)
    page = told.get_data(as_text=True)
    assert state() is InboundState.HANDLED
    back = re.search(r'action="([^"]+/take-back[^"]*)"', page)
    assert back
    sales.post(back[1].replace("&amp;", "&"))
    assert state() is InboundState.UNDERSTOOD
