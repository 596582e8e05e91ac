"""A doubt is looked up with the provider, which may say that it left and never that it did not (I05)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from crm.delivery.account_ports import NoAnswer
from crm.delivery.lookups import AGAIN, AT_ONCE
from crm.delivery.models import MessageState as State
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.workflows.sending.look_up_uncertain import LookedUp, look_up_uncertain
from tests.conftest import FakeClock
from tests.fakes import MemoryAccount, MemoryMailer
from tests.servers.events import event
from tests.workflows.reports.reported import ANN, DOUBT, Case, handed_over

pytestmark = pytest.mark.both_databases


@pytest.fixture
def doubtful(services: Services, clock: FakeClock) -> Case:
    case = handed_over(services, clock)
    clock.advance(timedelta(minutes=20))
    return case


def look_up(case: Case, account: MemoryAccount) -> LookedUp:
    services = case.services
    return look_up_uncertain(services.database, account, services.settings.keys.addresses, services.clocks)


def test_found_it_has_left_and_the_next_step_follows(doubtful: Case) -> None:
    assert look_up(doubtful, MemoryAccount({(doubtful.name, ANN)})) == LookedUp(found=1)
    assert (doubtful.message.state, doubtful.contacts(), doubtful.enrolment.position) == (State.SENT, 1, 2)
    assert [one.kind for one in doubtful.events()] == ["found"]


def test_a_fresh_doubt_is_left_to_events(services: Services, clock: FakeClock) -> None:
    case, account = handed_over(services, clock), MemoryAccount()
    assert (look_up(case, account), account.asked) == (LookedUp(), [])


def test_not_found_proves_nothing_however_often(doubtful: Case, clock: FakeClock) -> None:
    account = MemoryAccount()
    for _ in range(200):
        look_up(doubtful, account)
        clock.advance(timedelta(hours=12))
    assert doubtful.message.state is State.UNCERTAIN
    assert len(account.asked) == len(AGAIN) + 1


def test_questions_become_rarer(doubtful: Case, clock: FakeClock) -> None:
    account = MemoryAccount()
    start, moments = clock.now, []
    for _ in range(24 * 6):
        if look_up(doubtful, account).unknown:
            moments.append(clock.now - start)
        clock.advance(timedelta(minutes=10))
    assert moments == [timedelta(minutes=minutes) for minutes in (0, 20, 80, 440)]


@pytest.mark.parametrize("named", [None, timedelta(minutes=40)])
def test_a_provider_that_gives_no_answer_is_left_alone_for_a_while(
    doubtful: Case, clock: FakeClock, named: timedelta | None
) -> None:
    account = MemoryAccount({(doubtful.name, ANN)}, no_answer=NoAnswer("throttled", named))
    assert look_up(doubtful, account) == LookedUp(put_off=1)
    clock.advance((named or timedelta(minutes=5)) - timedelta(seconds=1))
    look_up(doubtful, account)
    assert len(account.asked) == 1
    account.no_answer = None
    clock.advance(timedelta(seconds=1))
    assert look_up(doubtful, account) == LookedUp(found=1)


def test_a_report_that_was_faster_stands(doubtful: Case) -> None:
    bounced = event("bounce", doubtful.name, at=doubtful.outreach.now, status="5.1.1")
    slow = MemoryAccount({(doubtful.name, ANN)}, meanwhile=lambda: doubtful.hear(bounced))
    assert look_up(doubtful, slow) == LookedUp()
    assert (doubtful.message.state, doubtful.contacts()) == (State.BOUNCED, 1)


def test_what_is_no_doubt_is_not_asked_for(doubtful: Case) -> None:
    doubtful.hear(event("delivered", doubtful.name, at=doubtful.outreach.now))
    account = MemoryAccount()
    assert (look_up(doubtful, account), account.asked) == (LookedUp(), [])


def test_two_schedulers_share_the_questions(doubtful: Case) -> None:
    inner: list[LookedUp] = []
    other = MemoryAccount()
    look_up(doubtful, MemoryAccount(meanwhile=lambda: inner.append(look_up(doubtful, other))))
    assert (inner, other.asked) == ([LookedUp()], [])


def test_a_run_asks_only_so_many(doubtful: Case, clock: FakeClock) -> None:
    services, outreach = doubtful.services, doubtful.outreach
    outreach.enrol([outreach.person() for _ in range(14)], doubtful.enrolment.sequence_id)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=outreach.now))
    outreach.plan()
    assert isinstance(services.mailer, MemoryMailer)
    services.mailer.answer = DOUBT
    outreach.dispatch()
    clock.advance(timedelta(minutes=20))
    account = MemoryAccount()
    assert [look_up(doubtful, account).unknown for _ in range(3)] == [AT_ONCE, 5, 0]
