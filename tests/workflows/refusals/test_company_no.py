"""A no for a whole company covers whoever comes next, by its shop's domain and by that of its mail (I19)."""

import pytest
from sqlalchemy import update

from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.reasons import Reason
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.import_models import RowOutcome
from crm.prospects.models import Company
from crm.queries.gate.facts import facts_for
from crm.services import Services
from crm.workflows.refusals.refuse import Mailbox, refuse
from tests.conftest import NOW
from tests.imports import brought, sheet
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
NO = Wish(scope=RefusalScope.DOMAIN, reason=RefusalReason.OBJECTION, channel="page", at=NOW)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    """Anna's shop is at winkel.example, its mail at groep.example; she spoke for all of them."""
    outreach = Outreach(services)
    anna = outreach.person("anna@groep.example")
    with services.database.transaction() as session:
        session.execute(update(Company).values(domain="winkel.example", website="https://winkel.example"))
    ring = services.settings.keys.addresses
    key = (outreach.prospect(anna).address_digest, ring.version)
    refuse(services.refusal_desk(), Mailbox((key,), "winkel.example"), NO)
    return outreach


@pytest.mark.parametrize(
    "row", ["bob@groep.example;Bob;;;", "bob@winkel.example;Bob;;;", "bob@mail.groep.example;Bob;Elders;;"]
)
def test_a_colleague_in_a_file_is_kept_out(services: Services, outreach: Outreach, row: str) -> None:
    assert brought(services.intake, sheet(row)).counts == {RowOutcome.REFUSED: 1}


@pytest.mark.parametrize("address", ["bob@groep.example", "bob@winkel.example"])
def test_a_colleague_on_record_is_not_written_to(
    services: Services, outreach: Outreach, address: str
) -> None:
    bob = outreach.person(address, company_id=1)
    with services.database.reading() as session:
        facts = facts_for(session, [bob], MailKind.OUTREACH, NOW, services.settings)[bob]
    found = decide(facts, NOW)
    assert found.has(Reason.DOMAIN_REFUSED) or found.has(Reason.COMPANY_REFUSED)


def test_a_stranger_is_none_of_theirs(services: Services, outreach: Outreach) -> None:
    ended = brought(services.intake, sheet("eve@elders.example;Eve;;;"))
    assert RowOutcome.REFUSED not in ended.counts
