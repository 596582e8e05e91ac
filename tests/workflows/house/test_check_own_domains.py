"""A fault of our own domains is told at once, and stops their mailboxes after three days."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.clock import Clocks
from crm.kernel.settings import MailerKind
from crm.operations.models import Alarm
from crm.queries.sending.leaving import Reach, Scope
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from crm.workflows.house.check_own_domains import check_own_domains
from tests.conftest import FakeClock
from tests.fakes import MemoryMailDomains
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)
ABOVE = "produfoto.example"
DOMAIN = f"outreach.{ABOVE}"
DMARC, DKIM, SPF = (f"_dmarc.{ABOVE}", "TXT"), (f"s1._domainkey.{DOMAIN}", "TXT"), (DOMAIN, "TXT")
RECORDS: dict[tuple[str, str], tuple[str, ...] | None] = {
    DMARC: ("v=DMARC1; p=none",),
    DKIM: ("v=DKIM1; p=MIGf",),
    SPF: ("v=spf1 include:relay.example -all",),
}


@pytest.fixture
def texts() -> MemoryMailDomains:
    return MemoryMailDomains(names=dict(RECORDS))


@pytest.fixture
def box(services: Services) -> int:
    return Outreach(services).mailbox()


def look(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, mailer: MailerKind = MailerKind.SMTP
) -> list[str]:
    settings = replace(services.settings, mailer=mailer, dkim_selectors=("s1",))
    return check_own_domains(services.database, texts, settings, Clocks(calendar=clock, real=clock))


def watch(services: Services, texts: MemoryMailDomains, clock: FakeClock, hours: int) -> None:
    for _ in range(hours):
        look(services, texts, clock)
        clock.now += HOUR


def alarms(services: Services, *, standing: bool = True) -> list[str]:
    with services.database.reading() as session:
        rows = session.scalars(select(Alarm).order_by(Alarm.id))
        return [row.kind for row in rows if (row.resolved_at is None) is standing]


def paused(services: Services, box: int) -> str:
    with services.database.reading() as session:
        return session.get_one(Mailbox, box).pause_reason


def test_a_domain_in_order_raises_nothing(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    assert look(services, texts, clock) == []
    assert (alarms(services), paused(services, box)) == ([], "")


def test_a_fault_is_told_at_once_and_pauses_after_three_days(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    texts.names[DKIM] = ()
    assert look(services, texts, clock) == [DOMAIN]
    assert (alarms(services), paused(services, box)) == (["authentication_soon"], "")
    watch(services, texts, clock, hours=72)
    assert paused(services, box) == ""
    watch(services, texts, clock, hours=1)
    assert (alarms(services), paused(services, box)) == (["authentication"], "authentication")


def test_a_fault_that_is_mended_in_time_ends_its_alarm(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    texts.names[DMARC] = ()
    watch(services, texts, clock, hours=70)
    texts.names[DMARC] = RECORDS[DMARC]
    watch(services, texts, clock, hours=1)
    assert alarms(services) == []
    texts.names[DMARC] = ()
    watch(services, texts, clock, hours=70)  # from the start again
    assert (alarms(services), paused(services, box)) == (["authentication_soon"], "")


def test_an_outage_of_the_name_servers_is_no_fault_and_mends_none(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    texts.names = dict.fromkeys(RECORDS)
    watch(services, texts, clock, hours=100)
    assert (alarms(services), paused(services, box)) == ([], "")
    texts.names = {**RECORDS, SPF: ()}
    watch(services, texts, clock, hours=1)
    texts.names = dict.fromkeys(RECORDS)
    watch(services, texts, clock, hours=70)
    assert alarms(services) == ["authentication_soon"]
    texts.names = {**RECORDS, SPF: ()}
    watch(services, texts, clock, hours=3)
    assert paused(services, box) == "authentication"  # it stood all the time


def test_a_person_who_lets_it_go_on_all_the_same_has_three_more_days(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    texts.names[SPF] = ("v=spf1 +all",)
    watch(services, texts, clock, hours=74)
    with services.database.transaction() as session:
        assert pauses.resume(session, Scope(Reach.MAILBOX, box), Wish(chain.OWNER, clock.now))
    watch(services, texts, clock, hours=70)
    assert (alarms(services), paused(services, box)) == (["authentication_soon"], "")
    watch(services, texts, clock, hours=4)
    assert paused(services, box) == "authentication"


def test_a_domain_is_looked_at_once_an_hour_whoever_looks(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    look(services, texts, clock)
    asked = len(texts.asked)
    clock.now += HOUR - timedelta(seconds=1)
    look(services, texts, clock)
    assert len(texts.asked) == asked
    clock.now += timedelta(seconds=1)
    look(services, texts, clock)
    assert len(texts.asked) == 2 * asked


def test_mail_that_stays_here_has_nothing_to_prove(services: Services, clock: FakeClock, box: int) -> None:
    texts = MemoryMailDomains()
    assert look(services, texts, clock, MailerKind.MAILBOX) == []
    assert texts.asked == []


def test_a_provider_with_an_envelope_of_its_own_is_not_asked_for_spf(
    services: Services, texts: MemoryMailDomains, clock: FakeClock, box: int
) -> None:
    texts.names[SPF] = ()
    assert look(services, texts, clock, MailerKind.SENDGRID) == []
