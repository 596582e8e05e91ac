"""P18, P20, P35, P37, I13, I14: a no by any channel holds before the next send, and outlives everything."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.delivery.models import Message, MessageState
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.imports.known import refused_among
from crm.services import Services
from crm.workflows.refusals.erase import Shelves, erase
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from tests.conftest import NOW
from tests.promises.canaries import Planted, plant, spellings

CHANNELS = {
    "one_click": RefusalReason.UNSUBSCRIBE,
    "page": RefusalReason.OBJECTION,
    "form": RefusalReason.OBJECTION,
    "reply": RefusalReason.REPLY,
    "hook": RefusalReason.COMPLAINT,
    "staff": RefusalReason.BY_STAFF,
}


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(
        services.database,
        services.settings.keys.addresses,
        services.journal,
        services.clocks.real,
        patience=0,
    )


def planted(services: Services, name: str = "anna") -> Planted:
    with services.database.transaction() as session:
        someone = plant(session, services.settings.keys.addresses, name=name)
        spellings(session, services.settings.keys.addresses, someone)
    return someone


def mailbox(desk: Desk, address: EmailAddress) -> Mailbox:
    return Mailbox(((desk.ring.digest(address), desk.ring.version),))


@pytest.mark.both_databases
@pytest.mark.parametrize("channel", CHANNELS)
def test_whatever_the_channel_nothing_leaves_after_it(services: Services, desk: Desk, channel: str) -> None:
    someone = planted(services)
    wish = Wish(scope=RefusalScope.ADDRESS, reason=CHANNELS[channel], channel=channel, at=NOW)
    assert refuse(desk, mailbox(desk, someone.address), wish).is_final
    with services.database.reading() as session:
        assert session.scalars(select(Message.state)).all() == [MessageState.CANCELLED]


def test_a_no_outlives_erasure_and_coming_back(services: Services, desk: Desk) -> None:
    """I14: the same person imported again, in another spelling, is still refused."""
    someone = planted(services)
    shelves = Shelves(services.settings.var, services.sent_mail)
    erase(desk, shelves, mailbox(desk, someone.address), channel="page", at=NOW)
    again = planted(services)
    shouted = EmailAddress.parse(f"ANNA+again@{again.address.domain}")
    with services.database.reading() as session:
        for address in (again.address, shouted):
            assert refused_among(session, desk.ring.digests(address)), address


def test_no_later_wish_makes_an_earlier_one_smaller(services: Services, desk: Desk) -> None:
    """I13: after "never", choosing "only this series" or "not now" takes nothing back."""
    someone = planted(services)
    never = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    refuse(desk, mailbox(desk, someone.address), never)
    for scope in (RefusalScope.SEQUENCE, RefusalScope.SNOOZE, RefusalScope.MEASURING):
        refuse(desk, mailbox(desk, someone.address), replace(never, scope=scope, until=NOW, scope_id=1))
    with services.database.reading() as session:
        held = register.standing(session, desk.ring.digests(someone.address))
    assert RefusalScope.ADDRESS in {one.scope for one in held}
