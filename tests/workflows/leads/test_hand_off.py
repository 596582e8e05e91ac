"""The way of a lead to the image service: one lead there, whatever happens on the way (I25, I27)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from crm.audit import chain
from crm.conversations.models import Task
from crm.delivery.models import Message
from crm.handoff.leads import LEASE, RETRIES, claim_next
from crm.handoff.models import Lead, LeadState
from crm.handoff.ports import Conflict, HandOver, Refused, TryLater, TryLaterReason
from crm.kernel import faults
from crm.kernel.mail import MailKind
from crm.prospects.models import Prospect
from crm.services import Services
from crm.workflows.leads.convert import Converting, convert
from crm.workflows.leads.hand_off import hand_off
from crm.workflows.leads.retry_lead import retry_lead
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryImageService
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
DOUBT = TryLater(TryLaterReason.NO_ANSWER)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture
def lead(services: Services, outreach: Outreach) -> Lead:
    outreach.mailbox()
    anna = outreach.person("anna@winkel.example")
    how = Converting(services.settings.keys.addresses, services.links, NOW, NOW)
    with services.database.transaction() as session:
        return convert(session, anna, how, by=chain.OWNER).lead


@pytest.fixture
def service(services: Services) -> MemoryImageService:
    assert isinstance(services.image_service, MemoryImageService)
    return services.image_service


def run(services: Services) -> int:
    assert services.counter is not None
    return hand_off(services.counter)


def kept(services: Services) -> Lead:
    with services.database.reading() as session:
        return session.scalars(select(Lead)).one()


def questions(services: Services) -> int:
    with services.database.reading() as session:
        return len(session.scalars(select(Task.id)).all())


def letters(services: Services) -> list[MailKind]:
    with services.database.reading() as session:
        return list(session.scalars(select(Message.kind)))


def test_an_acknowledged_lead_is_handed_over_and_then_the_link_is_mailed(
    services: Services, lead: Lead, service: MemoryImageService
) -> None:
    assert letters(services) == []
    assert run(services) == 1
    assert kept(services).state is LeadState.HANDED_OVER
    assert service.leads == {lead.public_id: lead.body}
    assert letters(services) == [MailKind.SIGNUP]
    assert run(services) == 0


def test_a_link_that_cannot_be_mailed_is_a_question_and_not_silence(
    services: Services, outreach: Outreach, service: MemoryImageService
) -> None:
    """They said yes, and no mailbox is there to write from."""
    bert = outreach.person("bert@winkel.example")
    how = Converting(services.settings.keys.addresses, services.links, NOW, NOW)
    with services.database.transaction() as session:
        convert(session, bert, how, by=chain.OWNER)
    run(services)
    assert kept(services).state is LeadState.HANDED_OVER
    with services.database.reading() as session:
        [asked] = session.scalars(select(Task.title))
    assert "no sign-up link could be mailed" in asked


def test_every_try_has_the_same_key_and_the_same_bytes(
    services: Services, lead: Lead, service: MemoryImageService, clock: FakeClock
) -> None:
    service.answer = DOUBT
    asked: list[tuple[str, bytes]] = []
    answer = service.hand_over

    def listen(lead_id: str, body: bytes) -> HandOver:
        asked.append((lead_id, body))
        return answer(lead_id, body)

    service.hand_over = listen  # type: ignore[method-assign] # to hear what is said
    for _ in range(4):
        run(services)
        clock.advance(timedelta(days=2))
    assert set(asked) == {(lead.public_id, lead.body)}
    assert len(asked) == 4


def test_waits_grow_and_differ_and_then_a_person_is_asked(
    services: Services, lead: Lead, service: MemoryImageService, clock: FakeClock
) -> None:
    service.answer = DOUBT
    waits: list[timedelta] = []
    for _ in RETRIES:
        assert run(services) == 1
        again = kept(services).next_try_at
        assert again is not None
        waits.append(again - clock.now)
        clock.now = again - timedelta(microseconds=1)
        assert run(services) == 0
        clock.now = again
    for wait, planned in zip(waits, RETRIES, strict=True):
        assert planned * 0.8 <= wait <= planned * 1.2
    assert any(wait != planned for wait, planned in zip(waits, RETRIES, strict=True))
    assert questions(services) == 0
    assert run(services) == 1
    assert kept(services).next_try_at is None
    assert questions(services) == 1
    assert service.calls == len(RETRIES) + 1


def test_a_second_round_that_fails_asks_again(
    services: Services, lead: Lead, service: MemoryImageService
) -> None:
    service.answer = Refused("answer_400")
    for number in (1, 2):
        run(services)
        assert questions(services) == number
        with services.database.transaction() as session:
            assert retry_lead(session, lead.id, by=1, at=NOW, real_now=NOW)


def test_the_services_own_pause_is_kept(
    services: Services, lead: Lead, service: MemoryImageService, clock: FakeClock
) -> None:
    service.answer = TryLater(TryLaterReason.BUSY, timedelta(minutes=42))
    run(services)
    assert kept(services).next_try_at == clock.now + timedelta(minutes=42)


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Conflict("other_body"), LeadState.CONFLICT), (Refused("answer_400"), LeadState.REFUSED)],
)
def test_a_definite_no_is_shown_to_a_person_and_not_repeated(
    services: Services, lead: Lead, service: MemoryImageService, answer: HandOver, state: LeadState
) -> None:
    service.answer = answer
    assert (run(services), run(services)) == (1, 0)
    assert (kept(services).state, questions(services), letters(services)) == (state, 1, [])


def test_who_objects_before_the_hand_over_is_not_handed_over(
    services: Services, outreach: Outreach, lead: Lead, service: MemoryImageService
) -> None:
    outreach.refuse("anna@winkel.example")
    run(services)
    assert (kept(services).state, service.calls) == (LeadState.REFUSED, 0)
    assert letters(services) == []


def test_who_is_erased_before_the_hand_over_is_not_handed_over(
    services: Services, lead: Lead, service: MemoryImageService
) -> None:
    with services.database.transaction() as session:
        session.delete(session.get_one(Prospect, lead.prospect_id))
    assert (run(services), service.calls) == (0, 0)


def test_a_try_that_died_after_the_service_answered_is_one_lead_there(
    services: Services,
    lead: Lead,
    service: MemoryImageService,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.MonkeyPatch.context() as dying:
        dying.setattr("crm.workflows.leads.hand_off.point", _die_at("hand_off.after_call"))
        with pytest.raises(KeyboardInterrupt):
            run(services)
    assert kept(services).state is LeadState.QUEUED
    assert run(services) == 0  # the lease holds
    clock.advance(LEASE)
    assert run(services) == 1
    assert kept(services).state is LeadState.HANDED_OVER
    assert (service.calls, len(service.leads)) == (2, 1)
    assert letters(services) == [MailKind.SIGNUP]


def _die_at(name: str) -> object:
    def point(reached: str) -> None:
        faults.point(reached)
        if reached == name:
            raise KeyboardInterrupt

    return point


def test_of_two_workers_one_has_a_lead(services: Services, lead: Lead) -> None:
    with services.database.transaction() as session:
        assert claim_next(session, claim_id="one", now=NOW) is not None
    with services.database.transaction() as session:
        assert claim_next(session, claim_id="two", now=NOW) is None


def test_an_answer_that_comes_after_the_lease_changes_nothing(
    services: Services, lead: Lead, service: MemoryImageService, clock: FakeClock
) -> None:
    """Its lead is somebody else's by then: what they were told counts."""
    late: list[datetime] = []
    answer = service.hand_over

    def slow(lead_id: str, body: bytes) -> HandOver:
        if not late:
            late.append(clock.now)
            clock.advance(LEASE)
            run(services)
            return Refused("answer_400")
        return answer(lead_id, body)

    service.hand_over = slow  # type: ignore[method-assign] # the first answer is late
    run(services)
    assert kept(services).state is LeadState.HANDED_OVER
    assert questions(services) == 0
