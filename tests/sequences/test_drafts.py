"""Drafts: what was typed is kept as it is, and of two who save at once the second is told."""

import pytest

from crm.kernel.db import Database
from crm.kernel.mail import Language
from crm.sequences import drafts
from crm.sequences.drafts import Typed, TypedStep
from crm.sequences.models import StepKind
from crm.sequences.texts import Words
from crm.services import Services
from tests.conftest import NOW
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases


def typed(box: int, *steps: TypedStep, name: str = "Voorjaar") -> Typed:
    return Typed(name, Language.NL, box, steps)


FAULTY = TypedStep(delay="morgen", texts=(Words("{{ voornaam }}", "Dag\r\n"), Words("", "")), lineage=4)


@pytest.fixture
def box(services: Services) -> int:
    return Outreach(services).mailbox()


@pytest.fixture
def sequence(services: Services, box: int) -> int:
    return Outreach(services).sequence(mailbox=box)


def save(database: Database, sequence: int, draft: Typed, *, seen: int) -> int | None:
    with database.transaction() as session:
        return drafts.save(session, sequence, draft, seen=seen, by=None, at=NOW)


def test_what_was_typed_is_kept_faults_and_all(database: Database, box: int, sequence: int) -> None:
    draft = typed(box, FAULTY, TypedStep(StepKind.WAIT, "2"))
    assert save(database, sequence, draft, seen=0) == 1
    with database.reading() as session:
        kept = drafts.read(session, sequence)
    assert kept
    assert (kept.typed, kept.revision, kept.edited_at) == (draft, 1, NOW)


def test_the_second_of_two_first_saves_is_told(database: Database, box: int, sequence: int) -> None:
    assert save(database, sequence, typed(box, FAULTY), seen=0) == 1
    assert save(database, sequence, typed(box, name="Zomer"), seen=0) is None
    with database.reading() as session:
        kept = drafts.read(session, sequence)
    assert kept
    assert kept.typed.name == "Voorjaar"


def test_a_save_over_an_older_revision_changes_nothing(database: Database, box: int, sequence: int) -> None:
    save(database, sequence, typed(box), seen=0)
    assert save(database, sequence, typed(box, name="Zomer"), seen=1) == 2
    assert save(database, sequence, typed(box, name="Herfst"), seen=1) is None
    with database.reading() as session:
        kept = drafts.read(session, sequence)
    assert kept
    assert (kept.typed.name, kept.revision) == ("Zomer", 2)


def test_a_discarded_draft_is_gone(database: Database, box: int, sequence: int) -> None:
    save(database, sequence, typed(box), seen=0)
    with database.transaction() as session:
        assert [drafts.discard(session, sequence) for _ in range(2)] == [True, False]
        assert drafts.read(session, sequence) is None


@pytest.mark.parametrize("delay", ["morgen", "-1", "61", "1.5", "", "²", "9" * 5_000])
def test_a_delay_that_is_no_number_of_days_is_named(delay: str) -> None:
    _, faults = drafts.checked([TypedStep(), TypedStep(delay=delay)])
    assert [number for number, _ in faults] == [2]


def test_what_is_published_is_tidied_and_keeps_its_step(box: int) -> None:
    steps, faults = drafts.checked(
        [
            TypedStep(texts=(Words(" Foto's \n", "Dag\r\n\r\nAnna "), Words("B", "Hoi")), lineage=3),
            TypedStep(StepKind.WAIT, " 2 ", (Words("x", "y"),)),
            TypedStep(StepKind.TASK, "0", (Words("x", "Bel even"), Words("", "z"))),
        ]
    )
    assert faults == []
    assert [(one.kind, one.delay, one.words, one.lineage) for one in steps] == [
        (StepKind.EMAIL, 0, (Words("Foto's", "Dag\n\nAnna"), Words("B", "Hoi")), 3),
        (StepKind.WAIT, 2, (Words("", ""),), None),
        (StepKind.TASK, 0, (Words("", "Bel even"),), None),
    ]
