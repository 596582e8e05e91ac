"""The provider's lists and our register are brought to their union, never to less (I13, I20)."""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.audit.models import AuditEntry
from crm.delivery import syncs
from crm.delivery.account_ports import Listed, ListKind, NoAnswer
from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressKeys
from crm.privacy import register
from crm.privacy.models import Refusal, RefusalReason, RefusalScope
from crm.prospects.models import Prospect
from crm.queries.keeping import refused as refused_pages
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.refusals.erase import Shelves, erase
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.reports import tell_refusals as telling
from crm.workflows.reports.reconcile_suppressions import Reconciled, reconcile_daily, reconcile_suppressions
from crm.workflows.reports.tell_refusals import tell_refusals
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryAccount
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases

ANN, BOB, EVE = "ann@winkel.example", "bob@bakker.example", "eve@nobody.example"
CAS = "cas@winkel.example"  # a colleague of Ann's
HARD = Listed(ANN, NOW - timedelta(days=1), "5.1.1", "550 5.1.1 unknown")


@pytest.fixture
def outreach(services: Services) -> Outreach:
    outreach = Outreach(services)
    outreach.enrol([outreach.person(ANN), outreach.person(BOB)], outreach.sequence())
    return outreach


def reconcile(outreach: Outreach, account: MemoryAccount, *, looking: bool = False) -> Reconciled:
    desk = outreach.services.refusal_desk(patience=0)
    return reconcile_suppressions(desk, account, now=outreach.now, looking=looking)


def tell(outreach: Outreach, account: MemoryAccount) -> int:
    services = outreach.services
    return tell_refusals(services.database, account, services.settings.keys.addresses, services.clocks)


def says_no(outreach: Outreach, address: str, *, domain: str | None = None) -> None:
    keys = register.keys_of(outreach.services.settings.keys.addresses, EmailAddress.parse(address))
    scope = RefusalScope.DOMAIN if domain else RefusalScope.ADDRESS
    wish = register.Wish(scope=scope, reason=RefusalReason.OBJECTION, channel="page", at=outreach.now)
    refuse(outreach.services.refusal_desk(patience=0), Mailbox(keys, domain), wish)


def refused(outreach: Outreach, address: str) -> set[str]:
    ring = outreach.services.settings.keys.addresses
    with outreach.services.database.reading() as session:
        found = register.standing(session, ring.digests(EmailAddress.parse(address)))
    return {one.reason.value for one in found}


def rows(outreach: Outreach) -> int:
    with outreach.services.database.reading() as session:
        return len(session.scalars(select(Refusal.id)).all())


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (ListKind.SPAM_REPORTS, "complaint"),
        (ListKind.UNSUBSCRIBES, "unsubscribe"),
        (ListKind.GROUPS, "unsubscribe"),
    ],
)
def test_a_no_of_theirs_is_written_down_here(outreach: Outreach, kind: ListKind, reason: str) -> None:
    account = MemoryAccount(lists={kind: [Listed("Ann+news@Winkel.example"), Listed(EVE), Listed("none")]})
    found = reconcile(outreach, account)
    assert (found.taken, found.unreadable) == (2, 1)
    assert (refused(outreach, "ann+news@winkel.example"), refused(outreach, EVE)) == ({reason}, {reason})
    assert refused(outreach, BOB) == set()


def test_it_stops_what_runs(outreach: Outreach) -> None:
    reconcile(outreach, MemoryAccount(lists={ListKind.SPAM_REPORTS: [Listed(ANN)]}))
    first, second = outreach.enrolments()
    assert (first.stop_reason, second.state) == (StopReason.REFUSED, EnrolmentState.RUNNING)


def test_a_no_of_ours_is_told_them(outreach: Outreach) -> None:
    says_no(outreach, BOB)
    account = MemoryAccount()
    assert reconcile(outreach, account).told == 1
    assert account.added == [BOB]


def test_a_companys_no_is_told_for_everybody_there(outreach: Outreach) -> None:
    outreach.person(CAS, company_id=outreach.prospect(1).company_id)
    says_no(outreach, ANN, domain="winkel.example")
    account = MemoryAccount()
    reconcile(outreach, account)
    assert account.added == [ANN, CAS]


def test_the_second_time_nothing_differs(outreach: Outreach) -> None:
    says_no(outreach, BOB)
    lists = {ListKind.UNSUBSCRIBES: [Listed(ANN)], ListKind.BOUNCES: [HARD]}
    account = MemoryAccount(lists=lists)
    reconcile(outreach, account)
    before = rows(outreach)
    again = reconcile(outreach, account)
    assert (again.taken, again.told, again.differences, rows(outreach)) == (0, 0, [], before)


def test_nobody_is_ever_taken_off_either_list(outreach: Outreach) -> None:
    says_no(outreach, BOB)
    reconcile(outreach, MemoryAccount(lists={ListKind.UNSUBSCRIBES: [Listed(ANN)]}))
    reconcile(outreach, MemoryAccount())
    assert (refused(outreach, ANN), refused(outreach, BOB)) == ({"unsubscribe"}, {"objection"})


@pytest.mark.parametrize(
    ("kind", "entry", "state"),
    [
        (ListKind.BOUNCES, HARD, "bounced"),
        (ListKind.BOUNCES, Listed(ANN), "bounced"),
        (ListKind.BOUNCES, Listed(ANN, None, "5.2.2", "552 mailbox full"), "unproven"),
        (ListKind.INVALID, Listed(ANN), "invalid"),
        (ListKind.BLOCKS, Listed(ANN, None, "5.7.1", "550 blocked"), "unproven"),
    ],
)
def test_a_dead_address_of_theirs_is_dead_here(
    outreach: Outreach, kind: ListKind, entry: Listed, state: str
) -> None:
    reconcile(outreach, MemoryAccount(lists={kind: [entry]}))
    assert [outreach.prospect(one).address_state for one in (1, 2)] == [state, "unproven"]
    assert (outreach.enrolments()[0].stop_reason is StopReason.BOUNCED) is (state != "unproven")
    assert rows(outreach) == 0


def test_whoever_answered_since_is_alive(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        session.execute(update(Prospect).where(Prospect.id == 1).values(last_reply_at=NOW))
    reconcile(outreach, MemoryAccount(lists={ListKind.BOUNCES: [HARD]}))
    assert outreach.prospect(1).address_state == "unproven"


def test_looking_changes_nothing_and_says_who(outreach: Outreach) -> None:
    says_no(outreach, BOB)
    account = MemoryAccount(lists={ListKind.SPAM_REPORTS: [Listed(EVE)], ListKind.BOUNCES: [HARD]})
    before = rows(outreach)
    found = reconcile(outreach, account, looking=True)
    assert [(one.kind, one.address) for one in found.differences] == [
        (ListKind.BOUNCES, ANN),
        (ListKind.SPAM_REPORTS, EVE),
        (None, BOB),
    ]
    assert (rows(outreach), account.added, outreach.prospect(1).address_state) == (before, [], "unproven")


def test_long_lists_go_page_by_page(outreach: Outreach) -> None:
    people = [Listed(f"p{number}@elders.example") for number in range(130)]
    account = MemoryAccount(lists={ListKind.UNSUBSCRIBES: people}, page=50)
    assert (reconcile(outreach, account).taken, rows(outreach)) == (130, 130)


def test_what_cannot_be_asked_is_said_and_nothing_is_told(outreach: Outreach) -> None:
    says_no(outreach, BOB)
    account = MemoryAccount(no_answer=NoAnswer("not_allowed"))
    found = reconcile(outreach, account)
    assert set(found.unasked) == {kind.value for kind in ListKind}
    assert (account.added, found.told) == ([], 0)


def test_every_run_is_in_the_log_with_counts_and_without_people(outreach: Outreach) -> None:
    reconcile(outreach, MemoryAccount(lists={ListKind.SPAM_REPORTS: [Listed(EVE)]}))
    with outreach.services.database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    last = entries[-1]
    assert (last.action, last.detail["taken"]) == ("suppressions.reconciled", 1)
    assert "@" not in json.dumps([one.detail for one in entries])


def test_once_a_day_and_by_one_process(outreach: Outreach, clock: FakeClock) -> None:
    desk, account = outreach.services.refusal_desk(patience=0), MemoryAccount()
    ran = []
    for _ in range(49):
        ran.append(reconcile_daily(desk, account, outreach.services.clocks) is not None)
        clock.advance(timedelta(hours=1))
    assert [hour for hour, did in enumerate(ran) if did] == [0, 24, 48]


def test_after_trouble_it_is_tried_in_an_hour(outreach: Outreach, clock: FakeClock) -> None:
    desk, account = outreach.services.refusal_desk(patience=0), MemoryAccount(no_answer=NoAnswer("throttled"))
    assert reconcile_daily(desk, account, outreach.services.clocks) is not None
    clock.advance(timedelta(hours=1))
    assert reconcile_daily(desk, account, outreach.services.clocks) is not None


def test_a_no_is_told_soon_after_it_was_said(outreach: Outreach, clock: FakeClock) -> None:
    account = MemoryAccount()
    assert tell(outreach, account) == 0
    says_no(outreach, "BOB+shop@bakker.example")
    clock.advance(timedelta(seconds=30))
    assert (tell(outreach, account), account.added) == (1, [BOB])
    clock.advance(timedelta(seconds=30))
    assert (tell(outreach, account), account.added) == (0, [BOB])


@pytest.mark.parametrize(("reason", "minutes"), [("unreachable", 5), ("not_allowed", 60)])
def test_a_provider_that_gives_no_answer_is_told_later(
    outreach: Outreach, clock: FakeClock, reason: str, minutes: int
) -> None:
    says_no(outreach, BOB)
    account = MemoryAccount(no_answer=NoAnswer(reason))
    assert tell(outreach, account) == 0
    account.no_answer = None
    clock.advance(timedelta(minutes=minutes - 1))
    assert tell(outreach, account) == 0
    clock.advance(timedelta(minutes=1))
    assert (tell(outreach, account), account.added) == (1, [BOB])


def test_a_companys_no_is_told_soon_as_well(outreach: Outreach) -> None:
    outreach.person(CAS, company_id=outreach.prospect(1).company_id)
    says_no(outreach, ANN, domain="winkel.example")
    account = MemoryAccount()
    tell(outreach, account)
    assert account.added == [ANN, CAS]


def test_a_no_that_becomes_visible_after_a_later_one_is_told(outreach: Outreach, clock: FakeClock) -> None:
    """PostgreSQL gives numbers out in one order and commits in another; `lifted_at` hides one until then."""
    says_no(outreach, ANN)
    says_no(outreach, BOB)
    hidden = update(Refusal).where(
        Refusal.id == select(Refusal.id).order_by(Refusal.id).limit(1).scalar_subquery()
    )
    with outreach.services.database.transaction() as session:
        session.execute(hidden.values(lifted_at=NOW))
    account = MemoryAccount()
    assert (tell(outreach, account), account.added) == (1, [BOB])
    with outreach.services.database.transaction() as session:
        session.execute(hidden.values(lifted_at=None))
    clock.advance(timedelta(seconds=30))
    assert (tell(outreach, account), account.added) == (1, [BOB, ANN])
    clock.advance(timedelta(seconds=30))
    assert (tell(outreach, account), account.added) == (0, [BOB, ANN])


def test_what_was_told_is_not_told_again_where_the_rest_fails(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "AT_ONCE", 1)
    says_no(outreach, ANN)
    says_no(outreach, BOB)
    account = MemoryAccount()
    sound = account.add

    def add(addresses: Sequence[str]) -> NoAnswer | None:
        if BOB in addresses:
            raise OSError
        return sound(addresses)

    monkeypatch.setattr(account, "add", add)
    with pytest.raises(OSError):  # noqa: PT011 - it has no words
        tell(outreach, account)
    monkeypatch.undo()
    clock.advance(timedelta(minutes=6))
    assert (tell(outreach, account), account.added) == (1, [ANN, BOB])


def test_in_a_long_run_only_what_is_looked_at_again_is_asked_to_be_left_out(
    outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database takes so many numbers in one question, and a list may bring a hundred thousand noes."""
    monkeypatch.setattr(telling, "AT_ONCE", 2)
    monkeypatch.setattr(telling, "LOOK_BACK", 3)
    whom = [f"info@winkel{one}.example" for one in range(9)]
    for one in whom:
        outreach.person(one)
        says_no(outreach, one)
    left_out: list[int] = []
    sound = refused_pages.newer

    def newer(session: Session, *, than: int, but: Collection[int], limit: int) -> Any:
        left_out.append(len(but))
        return sound(session, than=than, but=but, limit=limit)

    monkeypatch.setattr(refused_pages, "newer", newer)
    account = MemoryAccount()
    assert (tell(outreach, account), account.added) == (9, whom)
    assert max(left_out) == 3


def test_a_companys_no_tells_nobody_elses_again(outreach: Outreach, clock: FakeClock) -> None:
    outreach.person(CAS, company_id=outreach.prospect(1).company_id)
    says_no(outreach, BOB)
    account = MemoryAccount()
    tell(outreach, account)
    says_no(outreach, ANN, domain="winkel.example")
    clock.advance(timedelta(seconds=30))
    assert (tell(outreach, account), account.added) == (2, [BOB, ANN, CAS])


def test_everybody_is_read_a_page_a_transaction(outreach: Outreach, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none is open while the provider is told."""
    says_no(outreach, ANN)
    says_no(outreach, BOB)
    seen: list[object] = []
    sound = refused_pages.page

    def page(session: Session, *rest: AddressKeys, **more: Any) -> Any:
        seen.append(session)
        return sound(session, *rest, **more)

    monkeypatch.setattr(refused_pages, "_PAGE", 1)
    monkeypatch.setattr(refused_pages, "page", page)
    account = MemoryAccount()
    assert (reconcile(outreach, account).told, account.added) == (2, [ANN, BOB])
    assert len({id(one) for one in seen}) == len(seen) == 3


def test_of_somebody_forgotten_there_is_nothing_to_tell(outreach: Outreach, tmp_path: Path) -> None:
    keys = register.keys_of(outreach.services.settings.keys.addresses, EmailAddress.parse(BOB))
    desk = outreach.services.refusal_desk(patience=0)
    erase(desk, Shelves(tmp_path, None), Mailbox(keys), channel="page", at=outreach.now)
    account = MemoryAccount()
    assert (tell(outreach, account), reconcile(outreach, account).told, account.added) == (0, 0, [])
    assert refused(outreach, BOB) == {"erasure"}


def many(outreach: Outreach, count: int) -> list[str]:
    whom = [f"info@winkel{one}.example" for one in range(count)]
    for one in whom:
        outreach.person(one)
        says_no(outreach, one)
    return whom


def set_aside(outreach: Outreach) -> dict[int, str]:
    with outreach.services.database.reading() as session:
        return syncs.aside(session)


def test_an_address_that_they_do_not_take_holds_up_no_other(outreach: Outreach, clock: FakeClock) -> None:
    whom = many(outreach, 9)
    account = MemoryAccount(odd={whom[0], whom[6]})
    assert tell(outreach, account) == 7
    assert set(account.added) == set(whom) - account.odd
    assert set_aside(outreach) == {3: "answer_400", 9: "answer_400"}
    account.requests = 0
    clock.advance(timedelta(seconds=30))
    assert (tell(outreach, account), account.requests) == (0, 0)


def test_who_was_set_aside_is_told_by_the_next_comparison(outreach: Outreach) -> None:
    says_no(outreach, BOB)
    account = MemoryAccount(odd={BOB})
    assert (tell(outreach, account), set_aside(outreach)) == (0, {2: "answer_400"})
    account.odd.clear()
    assert (reconcile(outreach, account).told, account.added, set_aside(outreach)) == (1, [BOB], {})


def test_the_comparison_goes_on_behind_who_is_not_taken_and_does_not_count_them(outreach: Outreach) -> None:
    whom = many(outreach, 5)
    found = reconcile(outreach, account := MemoryAccount(odd={whom[2]}))
    assert (found.told, found.set_aside, found.unasked) == (4, {5: "answer_400"}, {})
    assert set(account.added) == set(whom) - account.odd
    assert set_aside(outreach) == {5: "answer_400"}


@pytest.mark.parametrize("status", ["answer_500", "not_allowed", "throttled", "unreachable"])
def test_a_provider_in_trouble_is_not_asked_one_by_one(outreach: Outreach, status: str) -> None:
    many(outreach, 9)
    account = MemoryAccount(no_answer=NoAnswer(status))
    assert (tell(outreach, account), account.requests, set_aside(outreach)) == (0, 1, {})


def test_where_nobody_is_taken_it_is_not_the_addresses(outreach: Outreach, clock: FakeClock) -> None:
    whom = many(outreach, 24)
    account = MemoryAccount(odd=set(whom))
    assert (tell(outreach, account), set_aside(outreach)) == (0, {})
    account.odd.clear()
    clock.advance(timedelta(minutes=5))
    assert (tell(outreach, account), set(account.added)) == (24, set(whom))


def test_twenty_who_are_not_taken_hold_up_nobody_who_is(outreach: Outreach) -> None:
    whom = many(outreach, 24)
    account = MemoryAccount(odd=set(whom[:22]))
    assert (tell(outreach, account), set(account.added)) == (2, set(whom[22:]))
    assert len(set_aside(outreach)) == 22
