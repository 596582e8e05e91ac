"""`sequence`: read, draft in a file, publish with the differences in view."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.cli import sequence_file
from crm.cli.sequence_file import DraftFile, FileFaultError
from crm.kernel.mail import Language
from crm.sequences.drafts import TypedStep
from crm.sequences.models import Enrolment, SequenceVersion, StepKind
from crm.sequences.texts import Words
from crm.services import Services
from tests.cli.test_commands import Terminal, quiet
from tests.outreach import Outreach, hand_work, mail, wait

__all__ = ["quiet"]


@pytest.fixture
def crm(services: Services, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(services, capsys)


@pytest.fixture
def world(services: Services) -> Outreach:
    return Outreach(services)


def edited(crm: Terminal, tmp_path: Path, sequence: int, *changes: tuple[str, str]) -> str:
    """The draft as a file, with some words replaced."""
    assert crm("sequence", "draft", str(sequence)) == 0
    text = crm.out
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "draft.toml"
    path.write_text(text, "utf-8")
    return str(path)


def version_ids(crm: Terminal) -> list[int]:
    with crm.services.database.reading() as session:
        return list(session.scalars(select(SequenceVersion.id).order_by(SequenceVersion.id)))


def test_a_sequence_is_shown_with_its_texts(crm: Terminal, world: Outreach) -> None:
    sequence = world.sequence(mail(others=(Words("B", "Hoi"),)), wait(2), hand_work(1, "Bel even op"))
    assert crm("sequence", "show", str(sequence)) == 0
    for words in ("version 1", "1. Mail, at once", "Text B", "2. Wait, for 2 working days", "Bel even op"):
        assert words in crm.out
    assert "0 of 0  no rate below 10" in crm.out


def test_an_older_version_is_shown_on_request(crm: Terminal, world: Outreach, tmp_path: Path) -> None:
    sequence = world.sequence(mail(body="De oude tekst"))
    path = edited(crm, tmp_path, sequence, ("De oude tekst", "De nieuwe tekst"))
    assert crm("sequence", "draft", str(sequence), "--from", path) == 0
    assert crm("sequence", "publish", str(sequence), "--yes") == 0
    crm("sequence", "show", str(sequence), "--version", "1")
    assert "De oude tekst" in crm.out
    crm("sequence", "show", str(sequence))
    assert "De nieuwe tekst" in crm.out
    assert crm("sequence", "show", str(sequence), "--version", "9") == 1


def test_publishing_shows_the_words_that_change_and_names_whom_it_concerns(
    crm: Terminal, world: Outreach, tmp_path: Path
) -> None:
    sequence = world.sequence(mail(body="Dag,\n\nWij maken foto's."))
    world.enrol([world.person(name="Zoë Müller"), world.person(name="Jan van der Meer")], sequence)
    path = edited(crm, tmp_path, sequence, ("maken foto's", "maken mooie foto's"))
    crm("sequence", "draft", str(sequence), "--from", path)
    assert crm("sequence", "publish", str(sequence), "--yes") == 0
    assert re.search(r"\+ Wij maken ?\{\+ ?mooie ?\+\} ?foto's\.", crm.out)
    assert re.search(r"As Zoë Müller \(Winkel \d\) would read it", crm.out)
    assert re.search(r"Jan van der Meer, Winkel \d: step 1, mail", crm.out)
    assert "Published. 0 moved to it." in crm.out
    with crm.services.database.reading() as session:
        assert set(session.scalars(select(Enrolment.version_id))) == {version_ids(crm)[0]}


def test_those_on_their_way_are_moved_when_asked(crm: Terminal, world: Outreach, tmp_path: Path) -> None:
    sequence = world.sequence(mail(body="Oud"))
    world.enrol(world.people(2), sequence)
    crm("sequence", "draft", str(sequence), "--from", edited(crm, tmp_path, sequence, ("Oud", "Nieuw")))
    assert crm("sequence", "publish", str(sequence), "--yes", "--move") == 0
    assert "Published. 2 moved to it." in crm.out


def test_it_asks_first(
    crm: Terminal, world: Outreach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence = world.sequence(mail(body="Oud"))
    crm("sequence", "draft", str(sequence), "--from", edited(crm, tmp_path, sequence, ("Oud", "Nieuw")))
    monkeypatch.setattr("builtins.input", lambda *_: "n")
    assert crm("sequence", "publish", str(sequence)) != 0
    assert len(version_ids(crm)) == 1


def test_a_faulty_draft_is_kept_and_not_published(crm: Terminal, world: Outreach, tmp_path: Path) -> None:
    sequence = world.sequence(mail(body="Oud"))
    path = edited(crm, tmp_path, sequence, ("Oud", "Dag {{ voornaam }}"))
    assert crm("sequence", "draft", str(sequence), "--from", path) == 0
    assert "step 1: Line 1" in crm.out
    assert crm("sequence", "publish", str(sequence), "--yes") == 1
    assert len(version_ids(crm)) == 1


def test_a_file_that_a_colleague_overtook_is_not_saved(
    crm: Terminal, world: Outreach, tmp_path: Path
) -> None:
    sequence = world.sequence(mail(body="Oud"))
    path = edited(crm, tmp_path, sequence, ("Oud", "Nieuw"))
    assert crm("sequence", "draft", str(sequence), "--from", path) == 0
    assert crm("sequence", "draft", str(sequence), "--from", path) == 1
    assert "A colleague changed this draft" in crm.err


def test_a_new_name_begins_a_sequence(crm: Terminal, world: Outreach, tmp_path: Path) -> None:
    world.mailbox()
    path = tmp_path / "new.toml"
    path.write_text('name = "Najaar"\n[[step]]\nkind = "task"\n[[step.text]]\nbody = "Bel even"\n')
    assert crm("sequence", "draft", "Najaar", "--from", str(path)) == 0
    assert crm("sequence", "publish", "Najaar", "--yes") == 0
    assert crm("sequence", "publish", "Najaar", "--yes") == 1
    assert "There is no draft" in crm.err


def test_what_is_not_there_is_said(crm: Terminal) -> None:
    assert crm("sequence", "show", "Najaar") == 2
    assert "There is no such sequence" in crm.err


STEPS = (
    TypedStep(StepKind.EMAIL, "0", (Words('"Foto\'s" \\ €', 'Dag """ \\n\n\nGroet"'), Words("", "Hoi")), 4),
    TypedStep(StepKind.WAIT, "zwei"),
    TypedStep(StepKind.TASK, "3", (Words("", "Bel\teven"),)),
)


def test_a_file_read_back_says_the_same() -> None:
    draft = DraftFile("Foto's “van” het schap\\", Language.DE, "a@b.example", 7, STEPS)
    assert sequence_file.read(sequence_file.written(draft), None) == draft


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        "x = 1",
        'name = "a"\nstep = 3',
        'name = "a"\n[[step]]\nkind = "dance"',
        'name = "a"\nlanguage = "xx"',
    ],
)
def test_a_file_of_another_shape_is_refused_in_words(text: str) -> None:
    with pytest.raises(FileFaultError, match=r"This is no|sequence draft"):
        sequence_file.read(text, None)
