"""What a provider reports: proofs, bounces, drops, a person's no, openings that decide nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.delivery.models import Mailbox, Message
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import TrackingMode
from crm.privacy import register
from crm.privacy.models import RefusalScope
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from tests.conftest import FakeClock
from tests.servers.events import event
from tests.workflows.reports.reported import ANN, Case, handed_over, says

pytestmark = pytest.mark.both_databases


@pytest.fixture
def doubtful(services: Services, clock: FakeClock) -> Case:
    return handed_over(services, clock)


@pytest.fixture
def sent(services: Services, clock: FakeClock) -> Case:
    return handed_over(services, clock, answer=Accepted(None))


HARD = {"type": "bounce", "status": "5.1.1", "reason": f"550 5.1.1 <{ANN}> unknown user"}
SOFT = {"type": "bounce", "status": "5.2.2", "reason": "552 5.2.2 mailbox full"}
POLICY = {"type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 listed at a block list"}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("processed", State.SENT), ("delivered", State.DELIVERED), ("bounce", State.BOUNCED),
        ("dropped", State.REJECTED), ("open", State.SENT), ("click", State.SENT),
        ("spamreport", State.COMPLAINED), ("unsubscribe", State.SENT), ("group_unsubscribe", State.SENT),
    ],
)  # fmt: skip
def test_any_word_about_it_ends_a_doubt(doubtful: Case, kind: str, state: State) -> None:
    doubtful.hear(says(doubtful, kind))
    assert doubtful.message.state is state
    assert (doubtful.contacts(), doubtful.enrolment.position) == (1, 2)


@pytest.mark.parametrize(
    "kind", ["deferred", "group_resubscribe", "account_status_change", "", "no\u0000such"]
)
def test_what_proves_nothing_leaves_the_doubt(doubtful: Case, kind: str) -> None:
    doubtful.hear(says(doubtful, kind))
    assert (doubtful.message.state, len(doubtful.events())) == (State.UNCERTAIN, 1)


def test_a_message_that_left_goes_on_only_once(sent: Case) -> None:
    sent.hear(says(sent, "processed"), says(sent, "delivered"))
    sent.hear(says(sent, "delivered"))
    assert (sent.contacts(), sent.enrolment.position, sent.message.state) == (1, 2, State.DELIVERED)


def test_a_hard_bounce_ends_the_series_and_the_address(sent: Case) -> None:
    sent.hear(says(sent, "bounce", **HARD))
    one = sent.enrolment
    assert (one.state, one.stop_reason) == (EnrolmentState.STOPPED, StopReason.BOUNCED)
    assert sent.outreach.prospect(one.prospect_id).address_state == "bounced"
    assert sent.refusals() == set()


def test_an_asynchronous_bounce_brings_only_our_message_id(sent: Case) -> None:
    late = event(
        "bounce", at=sent.outreach.now, sg_message_id=None, type="bounce", reason="user unknown",
        **{"smtp-id": f"<{sent.name}@outreach.produfoto.example>"},
    )  # fmt: skip
    sent.hear(late)
    assert sent.message.state is State.BOUNCED


def test_soft_bounces_count_by_day(sent: Case, clock: FakeClock) -> None:
    seen = []
    for _ in range(3):
        sent.hear(says(sent, "bounce", **SOFT), says(sent, "bounce", **SOFT, attempt="2"))
        seen.append(sent.outreach.prospect(sent.enrolment.prospect_id).address_state)
        clock.advance(timedelta(days=1))
    assert seen == ["unproven", "unproven", "bouncing"]
    assert sent.enrolment.state is EnrolmentState.RUNNING


def test_a_mailbox_that_is_switched_off_on_two_days_is_given_up(sent: Case, clock: FakeClock) -> None:
    off = {"type": "bounce", "status": "5.2.1", "reason": "550 5.2.1 mailbox disabled"}
    sent.hear(says(sent, "bounce", **off), says(sent, "bounce", **off, attempt="2"))
    assert sent.outreach.prospect(sent.enrolment.prospect_id).address_state == "unproven"
    clock.advance(timedelta(days=1))
    sent.hear(says(sent, "bounce", **off))
    assert sent.outreach.prospect(sent.enrolment.prospect_id).address_state == "bounced"
    assert sent.enrolment.stop_reason is StopReason.BOUNCED


@pytest.mark.parametrize("hard", [HARD, {"type": "blocked", "reason": "550 5.1.1 no such user"}])
def test_what_the_provider_calls_blocked_never_ends_an_address(sent: Case, hard: dict[str, str]) -> None:
    sent.hear(says(sent, "bounce", **{**hard, "type": "blocked"}))
    assert sent.outreach.prospect(sent.enrolment.prospect_id).address_state == "unproven"
    assert sent.enrolment.state is EnrolmentState.RUNNING


def test_a_refusal_of_us_holds_the_series_and_asks_a_person(sent: Case) -> None:
    sent.hear(says(sent, "bounce", **POLICY))
    one = sent.enrolment
    assert (one.state, one.stop_reason) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    assert sent.outreach.prospect(one.prospect_id).address_state == "unproven"


@pytest.mark.parametrize(
    ("reason", "state", "stopped", "refused"),
    [
        ("Bounced Address", "bounced", StopReason.BOUNCED, set()),
        ("Invalid", "invalid", StopReason.BOUNCED, set()),
        ("Spam Reporting Address", "unproven", StopReason.REFUSED, {"complaint"}),
        ("Unsubscribed Address", "unproven", StopReason.REFUSED, {"unsubscribe"}),
        ("Spam Content", "unproven", StopReason.REJECTED, set()),
        ("Invalid SMTPAPI header", "unproven", StopReason.REJECTED, set()),
        ("something new", "unproven", StopReason.REJECTED, set()),
    ],
)
def test_why_it_was_dropped_is_kept_here_as_well(
    sent: Case, reason: str, state: str, stopped: StopReason, refused: set[str]
) -> None:
    sent.hear(says(sent, "dropped", reason=reason))
    one = sent.enrolment
    assert (one.stop_reason, sent.refusals()) == (stopped, refused)
    assert sent.outreach.prospect(one.prospect_id).address_state == state
    assert sent.message.state is State.REJECTED


def test_a_used_up_quota_pauses_the_mailbox(sent: Case) -> None:
    sent.hear(says(sent, "dropped", reason="Recipient List over Package Quota"))
    with sent.services.database.reading() as session:
        assert session.scalars(select(Mailbox.pause_reason)).all() == ["provider_quota"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("spamreport", "complaint"), ("unsubscribe", "unsubscribe"), ("group_unsubscribe", "unsubscribe")],
)
def test_a_no_refuses_in_every_spelling(sent: Case, kind: str, reason: str) -> None:
    sent.hear(says(sent, kind))
    assert sent.refusals() == {reason}
    assert sent.enrolment.stop_reason is StopReason.REFUSED
    ring = sent.services.settings.keys.addresses
    names = ring.digests(EmailAddress.parse("ANN+x@Winkel.example"))
    with sent.services.database.reading() as session:
        assert [one.scope for one in register.standing(session, names)] == [RefusalScope.ADDRESS]


def test_a_no_about_mail_we_do_not_know_counts_at_once(sent: Case) -> None:
    sent.hear(event("spamreport", "z" * 26, at=sent.outreach.now, email="Bob+shop@elders.example"))
    ring = sent.services.settings.keys.addresses
    with sent.services.database.reading() as session:
        found = register.standing(session, ring.digests(EmailAddress.parse("bob+other@elders.example")))
    assert len(found) == 1
    assert sent.enrolment.state is EnrolmentState.RUNNING


def test_a_no_hits_exactly_its_address(sent: Case) -> None:
    company = sent.outreach.prospect(sent.enrolment.prospect_id).company_id
    other = sent.outreach.person("bob@winkel.example", company_id=company)
    sent.hear(says(sent, "spamreport", email="bob@winkel.example"))
    ring = sent.services.settings.keys.addresses
    with sent.services.database.reading() as session:
        assert register.standing(session, ring.digests(EmailAddress.parse(ANN)))
        assert not register.standing(session, ring.digests(EmailAddress.parse("bob@winkel.example")))
    assert sent.outreach.prospect(other).address_state == "unproven"


def test_an_opening_moves_nothing_in_the_series(sent: Case) -> None:
    before = (sent.enrolment.position, sent.enrolment.state, sent.message.state)
    sent.hear(says(sent, "open"), says(sent, "click", url="https://x.example"))
    assert (sent.enrolment.position, sent.enrolment.state, sent.message.state) == before


@pytest.mark.parametrize("mode", [TrackingMode.OFF, TrackingMode.AGGREGATE])
def test_without_a_pixel_of_its_own_no_opening_is_kept(sent: Case, mode: TrackingMode) -> None:
    with sent.services.database.transaction() as session:
        session.execute(update(Message).values(tracking=mode))
    sent.hear(says(sent, "open", useragent="Mozilla/5.0 (Windows NT 10.0)", ip="192.0.2.9"))
    assert sent.openings() == []
    assert {one.kind for one in sent.events()} == {"processed"}


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ({"useragent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0"}, "person"),
        ({"sg_machine_open": True, "useragent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}, "machine"),
        ({"useragent": "Mozilla/5.0"}, "machine"),
    ],
)
def test_an_opening_is_kept_as_whose_it_was(sent: Case, more: dict[str, Any], by: str) -> None:
    assert sent.message.tracking is TrackingMode.INDIVIDUAL
    sent.hear(says(sent, "open", ip="192.0.2.9", **more))
    [one] = sent.openings()
    assert (one.opened_by, one.user_agent, one.ip_digest) == (by, "", None)
    assert {kept.kind for kept in sent.events()} == {"processed"}


def test_whoever_objected_to_measuring_is_not_measured(sent: Case) -> None:
    sent.outreach.refuse(ANN, scope=RefusalScope.MEASURING)
    sent.hear(says(sent, "open"))
    assert sent.openings() == []
