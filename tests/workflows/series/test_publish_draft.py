"""Drafts become versions: exactly what was looked at, or nothing."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.kernel.mail import Language
from crm.permission.budgets import DEFAULTS
from crm.sequences import drafts, versions
from crm.sequences.drafts import Typed, TypedStep
from crm.sequences.models import Enrolment, SequenceVersion, StepKind, StepVariant
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.texts import Words
from crm.services import Services
from crm.workflows.series.move_enrolments import Moved
from crm.workflows.series.publish_draft import Looked, publish_draft
from crm.workflows.series.publish_sequence import (
    Draft,
    FaultyTextError,
    NameTakenError,
    faults_of,
    publish_sequence,
)
from crm.workflows.series.save_draft import SavedMeanwhileError, discard_draft, save_draft
from crm.workflows.series.switch_variant import switch_variant
from tests.conftest import NOW
from tests.outreach import BODY, Outreach, mail, wait

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def first(subject: str = "Foto's", body: str = BODY, lineage: int | None = None) -> TypedStep:
    return TypedStep(texts=(Words(subject, body),), lineage=lineage)


def save(
    outreach: Outreach, *steps: TypedStep, sequence: int | None = None, name: str = "Voorjaar", seen: int = 0,
    box: int | None = None, language: Language = Language.NL,
) -> tuple[int, int]:  # fmt: skip
    mailbox = outreach.mailbox() if box is None else box
    typed = Typed(name, language, mailbox, steps or (first(),))
    with outreach.services.database.transaction() as session:
        return save_draft(session, typed, sequence_id=sequence, seen=seen, by=None, at=NOW)


def publish(outreach: Outreach, sequence: int, looked: Looked) -> Moved:
    with outreach.services.database.transaction() as session:
        return publish_draft(session, sequence, looked, by=None, at=NOW)


def newest(outreach: Outreach, sequence: int) -> int | None:
    with outreach.services.database.reading() as session:
        return versions.newest_id(session, sequence)


def numbers(outreach: Outreach, sequence: int) -> Sequence[int]:
    with outreach.services.database.reading() as session:
        query = select(SequenceVersion.number).where(SequenceVersion.sequence_id == sequence)
        return session.scalars(query.order_by(SequenceVersion.number)).all()


def test_a_new_sequence_begins_with_a_draft_and_nothing_is_published(outreach: Outreach) -> None:
    sequence, revision = save(outreach)
    assert revision == 1
    assert numbers(outreach, sequence) == []


def test_a_published_draft_is_a_version_and_the_draft_is_gone(outreach: Outreach) -> None:
    sequence, revision = save(outreach)
    assert publish(outreach, sequence, Looked(revision, None)) == Moved(0, 0)
    assert numbers(outreach, sequence) == [1]
    with outreach.services.database.reading() as session:
        assert drafts.read(session, sequence) is None
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions == ["sequence.published"]


def test_what_a_colleague_saved_since_is_not_published(outreach: Outreach) -> None:
    sequence, revision = save(outreach)
    box = outreach.mailbox()
    save(outreach, first("Iets anders"), sequence=sequence, seen=revision, box=box)
    with pytest.raises(SavedMeanwhileError):
        publish(outreach, sequence, Looked(revision, None))
    assert numbers(outreach, sequence) == []


def test_a_draft_is_not_published_over_a_version_nobody_compared_it_with(outreach: Outreach) -> None:
    sequence, revision = save(outreach)
    with outreach.services.database.transaction() as session:
        versions.publish(session, sequence, [mail()], by=None, at=NOW)
    with pytest.raises(SavedMeanwhileError):
        publish(outreach, sequence, Looked(revision, None))
    assert numbers(outreach, sequence) == [1]


def test_of_two_who_save_one_draft_the_second_is_told(outreach: Outreach) -> None:
    sequence, revision = save(outreach)
    save(outreach, first("Van Daan"), sequence=sequence, seen=revision)
    with pytest.raises(SavedMeanwhileError):
        save(outreach, first("Van Noor"), sequence=sequence, seen=revision)
    with outreach.services.database.reading() as session:
        kept = drafts.read(session, sequence)
    assert kept
    assert kept.typed.steps[0].texts[0].subject == "Van Daan"


def test_a_draft_that_a_colleague_saved_since_is_not_thrown_away(outreach: Outreach) -> None:
    sequence, revision = save(outreach)
    save(outreach, sequence=sequence, seen=revision)
    with pytest.raises(SavedMeanwhileError), outreach.services.database.transaction() as session:
        discard_draft(session, sequence, seen=revision)


def test_only_those_named_are_moved(outreach: Outreach) -> None:
    box = outreach.mailbox()
    sequence = outreach.sequence(mail(), mailbox=box)
    [named] = outreach.enrol(outreach.person(), sequence)
    _, revision = save(outreach, first(lineage=1), sequence=sequence, box=box)
    assert named.enrolment_id
    looked = Looked(revision, newest(outreach, sequence), move_up_to=named.enrolment_id)
    outreach.enrol(outreach.person(), sequence)  # after the names were shown
    old = newest(outreach, sequence)
    assert publish(outreach, sequence, looked) == Moved(1, 0)
    with outreach.services.database.reading() as session:
        found = list(session.scalars(select(Enrolment.version_id).order_by(Enrolment.id)))
    assert found == [newest(outreach, sequence), old]


def test_a_faulty_draft_is_kept_and_not_published(outreach: Outreach) -> None:
    sequence, revision = save(outreach, first(body="Dag {{ voornaam }}"))
    with pytest.raises(FaultyTextError, match="step 1"):
        publish(outreach, sequence, Looked(revision, None))
    with outreach.services.database.reading() as session:
        assert drafts.read(session, sequence) is not None


def test_a_name_is_taken_once(outreach: Outreach) -> None:
    save(outreach)
    with pytest.raises(NameTakenError):
        save(outreach)


def test_the_mailbox_changes_with_the_publication_and_the_language_never(outreach: Outreach) -> None:
    sequence, revision = save(outreach, language=Language.DE)
    publish(outreach, sequence, Looked(revision, None))
    other = outreach.mailbox()
    save(outreach, sequence=sequence, box=other, language=Language.FR)
    with outreach.services.database.reading() as session:
        assert session.get_one(SequenceRow, sequence).mailbox_id != other
    publish(outreach, sequence, Looked(1, newest(outreach, sequence)))
    with outreach.services.database.reading() as session:
        row = session.get_one(SequenceRow, sequence)
    assert (row.mailbox_id, row.language) == (other, "de")


def test_a_step_keeps_its_number_and_a_new_one_gets_a_fresh_one(outreach: Outreach) -> None:
    sequence = outreach.sequence(mail(), mail(3, ""))
    with outreach.services.database.transaction() as session:
        versions.publish(session, sequence, [mail(lineage=2), mail(3, "")], by=None, at=NOW)
        versions.publish(
            session, sequence, [mail(lineage=2), mail(lineage=2), mail(lineage=99)], by=None, at=NOW
        )
        found = [one.lineage for one in versions.newest(session, sequence).steps]
    assert found == [2, 4, 5]


def test_a_text_that_is_off_stays_off_in_the_next_version(outreach: Outreach) -> None:
    b, c = Words("B", "Hoi"), Words("C", "Hallo")
    sequence = outreach.sequence(mail(others=(b, c)))
    with outreach.services.database.transaction() as session:
        off = session.scalars(select(StepVariant.id).where(StepVariant.number == 2)).one()
        switch_variant(session, sequence, off, on=False, by=None, at=NOW)
        versions.publish(session, sequence, [mail(others=(c, b), lineage=1)], by=None, at=NOW)
        version = versions.newest(session, sequence)
        off_now = versions.switched_off(session, [version])
    assert [one.words.subject for one in version.steps[0].variants if one.id in off_now] == ["B"]


@pytest.mark.parametrize(
    ("steps", "step", "words"),
    [
        ([wait(2)], 1, "at least one mail or task"),
        ([mail(), wait(2)], 2, "Nothing comes after"),
        ([mail(), wait(0), mail(1, "")], 2, "at least one working day"),
        ([wait(2), mail(0, "")], 2, "first mail needs a subject"),
        ([mail(others=(Words("", "Hoi"),))], 1, "first mail needs a subject"),
        ([mail(), mail(3, "", others=(Words("Los", "Hoi"),))], 2, "or none"),
        ([mail(body="Dag", others=(Words("Foto's voor {{ company }}", "Dag"),))], 1, "are the same"),
        ([mail(others=(Words("B", "Dag {{ voornaam }}"),))], 1, "Text B, line 1"),
        ([mail(), *[mail(3, "")] * 4], 5, "at most 4 mails"),
    ],
)
def test_what_cannot_be_published_is_said_beside_its_step(steps: list[object], step: int, words: str) -> None:
    found = faults_of(steps, DEFAULTS)  # type: ignore[arg-type] # parametrize has no types
    assert [(number, words in said) for number, said in found] == [(step, True)]


def test_publishing_by_the_owner_of_the_machine_is_written_down(outreach: Outreach) -> None:
    outreach.mailbox()
    with outreach.services.database.transaction() as session:
        draft = Draft("Najaar", Language.NL, [mail()])
        publish_sequence(session, draft, sequence_id=None, by=None, at=NOW)
        assert session.scalars(select(AuditEntry.actor)).one() == "owner"


def test_a_task_has_words(outreach: Outreach) -> None:
    sequence, revision = save(outreach, TypedStep(StepKind.TASK))
    with pytest.raises(FaultyTextError, match="what is to be done"):
        publish(outreach, sequence, Looked(revision, None))
