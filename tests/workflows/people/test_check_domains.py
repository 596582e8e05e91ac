"""Asking which domains take mail."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from crm.domains.checks import AGAIN_AFTER, back_off
from crm.domains.models import DomainCheck
from crm.domains.ports import DomainAnswer, DomainFinding, DomainVerdict
from crm.kernel.clock import Clock
from crm.prospects.models import Prospect
from crm.services import Services
from crm.workflows.people.check_domains import Watermark, _forget_left, check_domains
from tests.conftest import FakeClock
from tests.fakes import MemoryMailDomains
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
OUTAGE = DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.TIMED_OUT)
NONE = DomainAnswer(DomainVerdict.NO_MAIL, DomainFinding.NO_SUCH_DOMAIN)
DOMAIN = "winkel.example"


class Office:
    """Somebody at a domain that nobody asked about yet."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self.outreach = Outreach(services)
        self.database = services.database
        self.clock = clock
        self.lookup = MemoryMailDomains()
        self.seen = Watermark()
        self.outreach.person(f"ann@{DOMAIN}", domain_answer=None)

    def check(self) -> int:
        return check_domains(self.database, self.lookup, self.clock, self.seen)

    @property
    def row(self) -> DomainCheck:
        with self.database.reading() as session:
            return session.scalars(select(DomainCheck).where(DomainCheck.domain == DOMAIN)).one()


@pytest.fixture
def office(services: Services, clock: FakeClock) -> Office:
    return Office(services, clock)


def test_the_domain_of_a_new_prospect_is_asked_about(office: Office) -> None:
    assert office.check() == 1
    assert (office.row.answer, office.row.checked_at) == ("takes_mail", office.clock())


def test_one_domain_of_many_people_is_asked_about_once(office: Office) -> None:
    office.outreach.person(f"bob@{DOMAIN}", company_id=1, domain_answer=None)
    office.check()
    assert office.lookup.asked == [DOMAIN]


def test_people_who_come_later_are_noticed(office: Office) -> None:
    office.check()
    office.outreach.person("bob@kiosk.example", domain_answer=None)
    assert office.check() == 1


@pytest.mark.parametrize("verdict", AGAIN_AFTER)
def test_an_answer_is_good_for_its_time(office: Office, clock: FakeClock, verdict: DomainVerdict) -> None:
    office.lookup.answers[DOMAIN] = DomainAnswer(verdict, DomainFinding.MX)
    office.check()
    clock.advance(AGAIN_AFTER[verdict] - timedelta(seconds=1))
    assert office.check() == 0
    clock.advance(timedelta(seconds=1))
    assert office.check() == 1


def test_a_no_of_theirs_is_asked_about_again_within_the_week(office: Office, clock: FakeClock) -> None:
    office.lookup.answers[DOMAIN] = NONE
    office.check()
    del office.lookup.answers[DOMAIN]
    clock.advance(timedelta(days=7))
    office.check()
    assert office.row.answer == "takes_mail"


def test_a_domain_without_mail_is_known_as_one(office: Office) -> None:
    office.lookup.answers[DOMAIN] = NONE
    office.check()
    assert office.row.answer == "no_mail"


def test_an_outage_is_never_no_mail_here(office: Office) -> None:
    office.lookup.answers[DOMAIN] = OUTAGE
    office.check()
    assert (office.row.answer, office.row.checked_at) == ("unknown", None)


def test_an_outage_changes_nothing_that_was_known(office: Office, clock: FakeClock) -> None:
    office.check()
    clock.advance(timedelta(days=30))
    office.lookup.answers[DOMAIN] = OUTAGE
    office.check()
    assert office.row.answer == "takes_mail"


def test_an_outage_is_asked_about_again_later_and_later(office: Office, clock: FakeClock) -> None:
    office.lookup.answers[DOMAIN] = OUTAGE
    waits = []
    for _ in range(3):
        office.check()
        waits.append(office.row.next_check_at - clock.now)
        clock.now = office.row.next_check_at
    assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]


def test_the_longest_wait_is_a_day() -> None:
    assert back_off(10**6) == timedelta(days=1)


def test_no_transaction_is_open_while_the_name_system_is_asked(office: Office) -> None:
    class Curious(MemoryMailDomains):
        def look_up(self, domain: str) -> DomainAnswer:
            with office.database.transaction():  # would wait for a writer for half a minute
                return super().look_up(domain)

    office.lookup = Curious()
    assert office.check() == 1


def test_two_schedulers_do_not_ask_about_the_same_domain(office: Office) -> None:
    class Twice(MemoryMailDomains):
        def look_up(self, domain: str) -> DomainAnswer:
            found.append(check_domains(office.database, MemoryMailDomains(), office.clock, office.seen))
            return super().look_up(domain)

    found: list[int] = []
    office.lookup = Twice()
    office.check()
    assert found == [0]


def test_a_domain_that_an_erasure_took_along_is_noted_again_the_next_day(
    office: Office, clock: FakeClock
) -> None:
    office.check()
    with office.database.transaction() as session:
        session.delete(session.get_one(DomainCheck, DOMAIN))
    assert office.check() == 0
    clock.advance(timedelta(days=1))
    assert office.check() == 1


def known(office: Office) -> list[str]:
    with office.database.reading() as session:
        return list(session.scalars(select(DomainCheck.domain).order_by(DomainCheck.domain)))


def leave(office: Office, address: str) -> None:
    """Whoever is there has another address from now on."""
    with office.database.transaction() as session:
        moved = update(Prospect).where(Prospect.address == f"ann@{DOMAIN}")
        session.execute(moved.values(address=address))


def test_where_nobody_is_any_more_is_forgotten_on_the_next_day(office: Office, clock: FakeClock) -> None:
    office.outreach.person(f"bob@{DOMAIN}", company_id=1, domain_answer=None)
    office.outreach.person("cor@kiosk.example", domain_answer=None)
    office.check()
    leave(office, "ann@elders.example")
    clock.advance(timedelta(days=1))
    office.check()
    assert known(office) == ["elders.example", "kiosk.example", DOMAIN]  # Bob is there
    with office.database.transaction() as session:
        session.execute(delete(Prospect).where(Prospect.address.in_([f"bob@{DOMAIN}", "cor@kiosk.example"])))
    assert office.check() == 0
    assert len(known(office)) == 3
    clock.advance(timedelta(days=1))
    office.lookup.asked.clear()
    office.check()
    assert (known(office), office.lookup.asked) == (["elders.example"], [])


def test_a_look_that_is_broken_off_forgets_nothing(office: Office, clock: FakeClock) -> None:
    office.check()
    clock.advance(timedelta(days=1))
    check_domains(office.database, office.lookup, office.clock, office.seen, stopping=lambda: True)
    assert known(office) == [DOMAIN]


def test_whoever_comes_after_the_look_keeps_their_domain(office: Office, clock: FakeClock) -> None:
    office.check()
    leave(office, "ann@elders.example")
    clock.advance(timedelta(days=1))
    with office.database.reading() as session:
        last = session.scalar(select(func.max(Prospect.id)))
    assert last is not None
    looked = Watermark(prospect_id=last, day=clock().date(), met={"elders.example"})
    office.outreach.person(f"new@{DOMAIN}", company_id=1, domain_answer=None)
    _forget_left(office.database, looked)
    assert known(office) == [DOMAIN]
