"""What somebody mistypes at a terminal is told in a sentence; nothing is written, and nothing breaks down."""

import re
import shlex
from pathlib import Path

import pytest

from crm.prospects.models import Prospect
from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.staff.models import Invitation
from crm.workflows.people.import_run import ImportRun
from tests.cli.test_commands import FILE, SAID, Terminal
from tests.imports import count
from tests.outreach import Outreach
from tests.web.shared import app_over

ANN = "ann@winkel.example"


@pytest.fixture
def crm(services: Services, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(services, capsys)


@pytest.fixture
def world(services: Services) -> Outreach:
    return Outreach(services)


@pytest.mark.both_databases
@pytest.mark.parametrize("named", ["99999999999999999999", "2147483648", "7", "Najaar", "٣", "0"])
def test_a_sequence_that_is_none_is_told(crm: Terminal, world: Outreach, named: str) -> None:
    world.person(ANN)
    for words in (("enrol", named, ANN), ("rehearse", named), ("sequence", "show", named)):
        assert crm(*words) == 2
        assert "There is no such sequence" in crm.err


def test_one_that_was_never_published_says_how_to(crm: Terminal, world: Outreach, tmp_path: Path) -> None:
    world.person(ANN)
    world.sequence()
    assert crm("sequence", "draft", "1") == 0
    draft = tmp_path / "draft.toml"
    draft.write_text(re.sub(r"Reeks \d+", "Najaar", crm.out))
    assert crm("sequence", "draft", "Najaar", "--from", str(draft)) == 0
    for words in (("enrol", "2", ANN), ("rehearse", "2")):
        assert crm(*words) == 2
        assert "Nothing of it is published yet" in crm.err
        assert "sequence publish 2" in crm.err


@pytest.mark.parametrize("words", [("enrol", "1"), ("sequence", "draft", "1")], ids=" ".join)
def test_a_file_that_is_no_utf_8_says_so(
    crm: Terminal, world: Outreach, tmp_path: Path, words: tuple[str, ...]
) -> None:
    world.sequence()
    file = tmp_path / "people.txt"
    file.write_bytes("zoë@winkel.example".encode("latin-1"))
    assert crm(*words, "--from", str(file)) == 2
    assert "Byte 3 is no UTF-8" in crm.err


def test_a_byte_order_mark_is_no_part_of_an_address(crm: Terminal, world: Outreach, tmp_path: Path) -> None:
    world.person(ANN)
    world.sequence()
    file = tmp_path / "people.txt"
    file.write_bytes(f"{ANN}\r\n\r\n".encode("utf-8-sig"))
    assert crm("enrol", "1", "--from", str(file)) == 0
    assert count(crm.services.database, Enrolment) == 1


def test_who_is_not_held_is_told_before_anything_is_forgotten(crm: Terminal, world: Outreach) -> None:
    world.person(ANN)
    assert crm("erase", "anne@winkel.example", "--yes") == 0
    assert "We hold nobody with the address anne@winkel.example" in crm.out
    assert count(crm.services.database, Prospect) == 1
    assert crm("erase", ANN, "--yes") == 0
    assert "We hold nobody" not in crm.out
    assert count(crm.services.database, Prospect) == 0


def test_an_import_that_failed_is_not_told_to_go_on(
    crm: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(FILE)

    def broken(*_: object) -> None:
        raise FileFault(FileFaultCode.OPEN_QUOTE, "A quote is not closed.")

    monkeypatch.setattr(ImportRun, "go", broken)
    assert crm("import", str(file), *SAID, "--yes") == 1
    assert "import it again" in crm.err
    assert "imports resume" not in crm.err


def test_the_command_on_the_page_of_an_empty_house_makes_a_link(crm: Terminal, services: Services) -> None:
    page = app_over(services).test_client().get("/login").text
    [shown] = re.findall(r"\./scripts/crm ([^<]+)</span>", page)
    assert crm(*shlex.split(shown)) == 0
    assert "/claim/" in crm.out
    assert count(services.database, Invitation) == 1
