"""A no is written first, takes back what waits, and then says the truth about what is leaving (I01)."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from crm.audit import chain
from crm.audit.models import AuditEntry
from crm.delivery.models import Message, MessageState
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import MailKind
from crm.privacy import register
from crm.privacy.models import Refusal, RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.models import Prospect, SpellingKey
from crm.sequences.models import Enrolment, EnrolmentState
from crm.services import Services
from crm.workflows.refusals import refuse as refusing
from crm.workflows.refusals.refuse import Answer, Desk, Mailbox, refuse
from crm.workflows.refusals.stop_writing import stop_writing
from tests.conftest import NOW
from tests.outreach import Outreach
from tests.promises.canaries import Planted, plant, spellings

OBJECTION = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)


@dataclass
class Worker:
    """Somebody who holds a message and lets go of it after so many looks."""

    services: Services
    looks: int
    ends_as: MessageState = MessageState.WITHHELD
    seen: int = 0

    def pause(self, _seconds: float) -> None:
        self.seen += 1
        if self.seen == self.looks:
            set_state(self.services, self.ends_as)


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(
        services.database,
        services.settings.keys.addresses,
        services.journal,
        services.clocks.real,
        pause=lambda _seconds: None,
    )


@pytest.fixture
def anna(services: Services) -> Planted:
    with services.database.transaction() as session:
        someone = plant(session, services.settings.keys.addresses, name="anna")
        spellings(session, services.settings.keys.addresses, someone)
    return someone


class _DeadlockError(Exception):
    sqlstate = "40P01"


@pytest.mark.both_databases
def test_a_no_that_the_database_ended_for_others_is_written_again(
    desk: Desk, anna: Planted, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[str] = []

    def ended_once(name: str) -> None:
        passed.append(name)
        if passed == ["refuse.before_commit"]:
            raise OperationalError("UPDATE", None, _DeadlockError())

    monkeypatch.setattr(refusing, "point", ended_once)
    keys = register.keys_of(services.settings.keys.addresses, anna.address)
    answer = refuse(desk, Mailbox(keys), OBJECTION)
    assert answer.is_news
    with services.database.reading() as session:
        assert session.scalars(select(Refusal.public_id)).all() == [answer.reference]


def set_state(services: Services, state: MessageState) -> None:
    with services.database.transaction() as session:
        session.execute(update(Message).values(state=state, lease_until=NOW + timedelta(seconds=60)))


def state_of(services: Services) -> MessageState:
    with services.database.reading() as session:
        return session.scalars(select(Message.state)).one()


def refused(desk: Desk, address: EmailAddress, wish: Wish = OBJECTION) -> Answer:
    return refuse(desk, Mailbox(((desk.ring.digest(address), desk.ring.version),)), wish)


@pytest.mark.both_databases
def test_with_nothing_leaving_the_answer_is_final(desk: Desk, anna: Planted) -> None:
    assert refused(desk, anna.address).is_final


@pytest.mark.both_databases
@pytest.mark.parametrize("state", [MessageState.CLAIMED, MessageState.SENDING])
def test_a_message_in_a_workers_hands_is_admitted(
    services: Services, desk: Desk, anna: Planted, state: MessageState
) -> None:
    set_state(services, state)
    answer = refused(desk, anna.address)
    assert not answer.is_final
    with services.database.reading() as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "refuse.in_flight")).one()
        assert noted.detail == {"messages": [session.scalars(select(Message.public_id)).one()]}
        assert session.scalars(select(Refusal.id)).all()


def test_waiting_for_the_worker_makes_it_final(services: Services, desk: Desk, anna: Planted) -> None:
    set_state(services, MessageState.CLAIMED)
    worker = Worker(services, looks=5)
    assert refused(replace(desk, pause=worker.pause), anna.address).is_final
    assert worker.seen == 5


def test_patience_ends(services: Services, desk: Desk, anna: Planted) -> None:
    set_state(services, MessageState.SENDING)
    worker = Worker(services, looks=10_000)
    refused(replace(desk, pause=worker.pause), anna.address)
    assert worker.seen * 0.05 <= 2.0


def test_a_lease_that_is_over_keeps_nobody_waiting(services: Services, desk: Desk, anna: Planted) -> None:
    set_state(services, MessageState.CLAIMED)
    with services.database.transaction() as session:
        session.execute(update(Message).values(lease_until=NOW - timedelta(seconds=1)))
    assert refused(desk, anna.address).is_final


def test_the_no_is_on_the_disk_before_anybody_looks_for_claims(
    services: Services, desk: Desk, anna: Planted
) -> None:
    """The other order loses: a worker that claims in between sees no refusal, and we saw no claim."""
    set_state(services, MessageState.SENDING)
    found: list[int] = []

    def look(_seconds: float) -> None:
        with services.database.reading() as session:
            found.append(len(session.scalars(select(Refusal.id)).all()))

    refused(replace(desk, pause=look), anna.address)
    assert found[0] == 1


def test_what_a_worker_holds_is_not_touched(services: Services, desk: Desk, anna: Planted) -> None:
    set_state(services, MessageState.CLAIMED)
    refused(desk, anna.address)
    assert state_of(services) is MessageState.CLAIMED


@pytest.mark.both_databases
def test_a_link_with_one_digest_covers_every_spelling_on_record(
    services: Services, desk: Desk, anna: Planted
) -> None:
    refused(desk, anna.address)
    with services.database.reading() as session:
        tagged = EmailAddress.parse(f"ANNA+x@{anna.address.domain}")
        assert register.standing(session, desk.ring.digests(tagged))


def test_without_a_prospect_the_digest_in_the_link_is_refused(services: Services, desk: Desk) -> None:
    stranger = EmailAddress.parse("nobody@example.com")
    refused(desk, stranger)
    with services.database.reading() as session:
        assert register.standing(session, [desk.ring.digest(stranger)])


def test_another_spelling_on_record_is_stopped_too(services: Services, desk: Desk, anna: Planted) -> None:
    """`anna+shop@` says no: the mailbox is Anna's, so Anna is left alone."""
    tagged = EmailAddress.parse(f"anna+shop@{anna.address.domain}")
    refuse(desk, Mailbox(register.keys_of(desk.ring, tagged)), OBJECTION)
    assert state_of(services) is MessageState.CANCELLED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (MailKind.OUTREACH, MessageState.CANCELLED),
        (MailKind.MANUAL, MessageState.CANCELLED),
        (MailKind.SIGNUP, MessageState.CANCELLED),
        (MailKind.RIGHTS, MessageState.DUE),
    ],
)
def test_answers_about_their_rights_still_go_out(
    services: Services, desk: Desk, anna: Planted, kind: MailKind, expected: MessageState
) -> None:
    with services.database.transaction() as session:
        session.execute(update(Message).values(kind=kind, state=MessageState.DUE))
    refused(desk, anna.address)
    assert state_of(services) is expected


@pytest.mark.both_databases
def test_a_no_of_the_company_covers_colleagues(services: Services, desk: Desk, anna: Planted) -> None:
    boss = EmailAddress.parse(f"boss@{anna.address.domain}")
    with services.database.transaction() as session:
        row = session.get_one(Prospect, anna.ids["prospects"])
        other = Prospect(
            company_id=row.company_id,
            address=str(boss),
            address_digest=desk.ring.digest(boss),
            address_kind=row.address_kind,
            created_at=NOW,
        )
        session.add(other)
        session.flush()
        keys = dict(register.keys_of(desk.ring, boss))
        session.execute(
            insert(SpellingKey),
            [{"digest": d, "prospect_id": other.id, "key_version": v} for d, v in keys.items()],
        )
        session.execute(update(Enrolment).values(prospect_id=other.id))
    wish = replace(OBJECTION, scope=RefusalScope.DOMAIN)
    mailbox = Mailbox(((desk.ring.digest(anna.address), 1),), anna.address.domain)
    assert refuse(desk, mailbox, wish).scope is RefusalScope.DOMAIN
    with services.database.reading() as session:
        assert session.scalars(select(Enrolment.state)).all() == [EnrolmentState.STOPPED]
        domain = desk.ring.domain_digests(anna.address.domain)
        assert [one.scope for one in register.standing(session, domain)] == [RefusalScope.DOMAIN]


def test_without_a_domain_a_no_of_the_company_is_one_of_the_mailbox(desk: Desk, anna: Planted) -> None:
    assert (
        refused(desk, anna.address, replace(OBJECTION, scope=RefusalScope.DOMAIN)).scope
        is RefusalScope.ADDRESS
    )


def test_it_is_written_in_the_log_without_the_person(services: Services, desk: Desk, anna: Planted) -> None:
    answer = refused(desk, anna.address)
    with services.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "refuse")).one()
        assert chain.verify(session) is None
    assert (entry.actor, entry.object) == ("person", f"refusal:{answer.reference}")
    assert "anna" not in json.dumps(entry.detail)


def test_the_journal_has_it_once(services: Services, desk: Desk, anna: Planted) -> None:
    references = {refused(desk, anna.address).reference for _ in range(3)}
    assert [line.reference for line in services.journal.lines()] == list(references)


def test_what_cannot_be_journalled_is_not_refused(services: Services, desk: Desk, anna: Planted) -> None:
    (services.settings.var / "refusals.journal").mkdir()
    with pytest.raises(OSError, match="directory"):
        refused(desk, anna.address)
    with services.database.reading() as session:
        assert session.scalars(select(Refusal.id)).all() == []
    assert state_of(services) is MessageState.HELD


def test_a_note_for_staff_that_fails_does_not_unsay_the_no(
    services: Services, desk: Desk, anna: Planted
) -> None:
    set_state(services, MessageState.SENDING)

    def lock_the_log(_seconds: float) -> None:
        with services.database.transaction() as session:
            session.execute(
                text(
                    "CREATE TRIGGER IF NOT EXISTS full BEFORE INSERT ON audit_entries"
                    " BEGIN SELECT RAISE(ABORT, 'no room'); END"
                )
            )

    assert not refused(replace(desk, pause=lock_the_log), anna.address).is_final
    with services.database.reading() as session:
        assert session.scalars(select(Refusal.id)).all()


def test_a_database_that_cannot_be_written_raises(services: Services, desk: Desk, anna: Planted) -> None:
    with services.database.transaction() as session:
        session.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON refusals BEGIN SELECT RAISE(ABORT, 'no room'); END")
        )
    with pytest.raises(IntegrityError, match="no room"):
        refused(desk, anna.address)
    assert state_of(services) is MessageState.HELD


@pytest.mark.both_databases
def test_a_no_to_a_series_stops_that_one_only(services: Services) -> None:
    """They press it in an old mail while another series of theirs runs."""
    world = Outreach(services)
    who, old, new = world.person(), world.sequence(), world.sequence()
    wish = replace(OBJECTION, scope=RefusalScope.SEQUENCE)
    for sequence in (old, new):
        world.enrol(who, sequence)
        with services.database.transaction() as session:
            stop_writing(session, [who], replace(wish, scope_id=old), now=NOW)
    first, second = world.enrolments()
    assert (first.sequence_id, first.state) == (old, EnrolmentState.STOPPED)
    assert (second.sequence_id, second.state) == (new, EnrolmentState.RUNNING)
