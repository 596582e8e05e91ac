"""The command line, as somebody at a terminal uses it."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.cli.context import Roof
from crm.cli.main import run
from crm.kernel.errors import InvalidSettingsError
from crm.operations import heartbeat
from crm.prospects import imports
from crm.prospects.import_models import Import, ImportState
from crm.prospects.models import Prospect
from crm.services import Services
from crm.staff.models import Role, Staff
from tests.conftest import NOW
from tests.imports import count, received, sheet
from tests.outreach import Outreach

FILE = sheet("ann@schoenen.example;Ann;Schoenen B.V.;NL;Buyer", "not an address;;;;")
SAID = ["--source", "fair", "--where", "Vakdagen", "--obtained", "2026-02-27", "--relevance", "shoes"]
ANN = "ann@schoenen.example"


@dataclass
class Terminal:
    """Runs a command and keeps what it printed."""

    services: Services
    capture: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        var = self.services.settings.var
        (var / "settings.env").touch()
        roof = Roof(make=lambda _: None, open=lambda _: self.services)
        code = run(["--var", str(var), *arguments], roof)
        self.out, self.err = self.capture.readouterr()
        return code


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The command line sets logging up for its process; this one belongs to the tests."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def crm(services: Services, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(services, capsys)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "prospects.csv"
    path.write_bytes(FILE)
    return str(path)


def test_help_names_every_command(crm: Terminal) -> None:
    assert crm("--help") == 0
    for name in ("import", "enrol", "why", "doctor", "staff", "export", "erase", "refuse", "keys", "migrate"):
        assert f"  {name} " in crm.out


def test_a_file_is_imported_and_counted(crm: Terminal, file: str) -> None:
    assert crm("import", file, *SAID, "--yes") == 0
    assert "1  kept, not to be written to yet" in crm.out
    assert "1  broken" in crm.out
    assert "2  rows in all" in crm.out
    assert count(crm.services.database, Prospect) == 1


def test_progress_is_shown_on_the_way(crm: Terminal, file: str) -> None:
    crm("import", file, *SAID, "--yes")
    assert "2 of 2 rows  100%" in crm.err


def test_a_preview_keeps_nothing(crm: Terminal, file: str) -> None:
    assert crm("import", file, *SAID, "--preview") == 0
    assert "What would happen:" in crm.out
    assert [count(crm.services.database, one) for one in (Prospect, Import)] == [0, 0]


def test_an_import_asks_first(crm: Terminal, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "n")
    assert crm("import", file, *SAID) != 0
    assert count(crm.services.database, Prospect) == 0


def test_an_import_without_a_source_says_what_is_missing(crm: Terminal, file: str) -> None:
    assert crm("import", file, "--yes") == 1
    assert "where these addresses come from" in crm.err
    assert count(crm.services.database, Import) == 0


def test_a_bought_list_is_refused_in_words(crm: Terminal, file: str) -> None:
    assert crm("import", file, "--source", "purchased", "--yes") == 2
    assert "Bought or rented lists" in crm.err


def test_a_column_can_be_put_right(crm: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(sheet("Ann;ann@schoenen.example;Schoenen", headers="Colour;Where;Company"))
    assert crm("import", str(path), *SAID, "--column", "Where=address", "--column", "Colour=name", "-y") == 0
    with crm.services.database.reading() as session:
        assert session.scalars(select(Prospect.name)).all() == ["Ann"]


def test_a_column_that_is_not_there_is_told(crm: Terminal, file: str) -> None:
    assert crm("import", file, *SAID, "--column", "Shoe size=address") == 2
    assert "There is no column 'Shoe size'" in crm.err


def test_a_file_that_is_no_table_is_refused(crm: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"%PDF-1.7 ...")
    assert crm("import", str(path), *SAID, "--yes") == 1
    assert "not a table" in crm.err


def test_a_stopped_import_is_resumed(crm: Terminal) -> None:
    row = received(crm.services.intake, FILE)
    with crm.services.database.transaction() as session:
        imports.stop(session, row.id)
    assert crm("imports", "resume", row.public_id) == 0
    assert crm("imports", "list") == 0
    assert "done" in crm.out


def test_rows_that_were_not_taken_are_explained(crm: Terminal, file: str) -> None:
    crm("import", file, *SAID, "--yes")
    with crm.services.database.reading() as session:
        name = session.scalars(select(Import.public_id)).one()
    assert crm("imports", "rows", name) == 0
    assert "line 3: broken." in crm.out


def test_why_says_every_reason_and_what_would_mend_it(crm: Terminal, file: str) -> None:
    crm("import", file, *SAID, "--yes")
    assert crm("why", ANN) == 1
    assert "No, we may not write." in crm.out
    assert "There is no basis for writing to them" in crm.out
    assert "record what you have" in crm.out
    assert "Nothing is planned." in crm.out


def test_why_knows_a_refusal_of_somebody_we_forgot(crm: Terminal, file: str) -> None:
    crm("import", file, *SAID, "--yes")
    assert crm("erase", ANN, "--yes") == 0
    assert crm("why", ANN) == 1
    assert "We hold no prospect with this address." in crm.out
    assert "erasure" in crm.out
    assert count(crm.services.database, Prospect) == 0


def test_a_refusal_keeps_the_next_import_out(crm: Terminal, file: str) -> None:
    assert crm("refuse", ANN, "--reason", "objection") == 0
    assert crm("import", file, *SAID, "--yes") == 0
    assert "1  refused by them" in crm.out


def test_a_company_of_everybody_cannot_refuse(crm: Terminal) -> None:
    assert crm("refuse", "ann@gmail.com", "--company") == 2


def test_an_export_is_json_for_the_owner_only(crm: Terminal, file: str, tmp_path: Path) -> None:
    crm("import", file, *SAID, "--yes")
    out = tmp_path / "ann.json"
    assert crm("export", ANN, "--out", str(out)) == 0
    assert json.loads(out.read_text())["tables"]
    assert out.stat().st_mode & 0o777 == 0o600
    with crm.services.database.reading() as session:
        assert "export.person" in session.scalars(select(AuditEntry.action)).all()


def test_an_address_that_is_none_is_told(crm: Terminal) -> None:
    assert crm("why", "nobody") == 2
    assert "An address has one @" in crm.err


def test_somebody_is_invited_by_a_link(crm: Terminal) -> None:
    assert crm("staff", "invite", "sales") == 0
    assert crm.out.startswith("https://outreach.produfoto.example/claim/")


def test_an_account_is_shut_and_opened(crm: Terminal) -> None:
    with crm.services.database.transaction() as session:
        who = {"name": "Noor", "email": "noor@p.example", "password_hash": ""}
        session.add(Staff(**who, role=Role.SALES, created_at=NOW))
    assert crm("staff", "disable", "noor@p.example") == 0
    assert crm("staff", "list") == 0
    assert "shut since" in crm.out
    assert crm("staff", "enable", "noor@p.example") == 0
    assert crm("staff", "role", "noor@p.example", "manager") == 0
    with crm.services.database.reading() as session:
        noor = session.scalars(select(Staff)).one()
    assert (noor.role, noor.disabled_at) == (Role.MANAGER, None)


def test_migrating_again_changes_nothing(crm: Terminal) -> None:
    assert crm("migrate") == 0
    assert crm.out.startswith("The database is at")


def test_the_audit_log_proves_itself(crm: Terminal) -> None:
    crm("refuse", ANN)
    assert crm("audit") == 0
    with crm.services.database.transaction() as session:
        session.scalars(select(AuditEntry)).first().detail = {}  # type: ignore[union-attr] # there is one
    assert crm("audit") == 1


def test_the_journal_is_replayed(crm: Terminal) -> None:
    crm("refuse", ANN)
    assert crm("replay") == 0
    assert "0 refusals and 0 erasures" in crm.out


def test_nobody_is_enrolled_in_what_is_not_there(crm: Terminal) -> None:
    assert crm("enrol", "Spring", ANN) == 2
    assert "There is no such sequence" in crm.err


def test_without_sequences_there_is_nothing_to_list(crm: Terminal) -> None:
    assert crm("sequences") == 0


def test_a_healthy_installation_is_well(crm: Terminal) -> None:
    var = crm.services.settings.var
    for path in (var, var / "keys", *(var / "keys").iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)
    with crm.services.database.transaction() as session:
        heartbeat.beat(session, heartbeat.SCHEDULER, at=NOW)
    assert crm("doctor") == 0
    assert "MEND" not in crm.out


def test_without_an_image_service_the_doctor_says_so(crm: Terminal) -> None:
    crm("doctor", "--offline")
    assert "CRM_IMAGE_SERVICE_URL" not in crm.out
    object.__setattr__(crm.services, "image_service", None)
    crm("doctor", "--offline")
    assert "CRM_IMAGE_SERVICE_URL is not set: who says yes is kept" in crm.out


def test_a_key_that_others_can_read_is_to_be_mended(crm: Terminal) -> None:
    (crm.services.settings.var / "keys" / "addresses.json").chmod(0o644)
    assert crm("doctor", "--offline") == 1
    assert "MEND  permissions" in crm.out


def test_a_log_that_is_later_than_the_clock_is_to_be_mended(crm: Terminal) -> None:
    crm("refuse", ANN)
    with crm.services.database.transaction() as session:
        session.scalars(select(AuditEntry)).one().at = NOW.replace(year=2030)
    assert crm("doctor", "--offline") == 1
    assert "MEND  clock" in crm.out


def test_unusable_settings_are_told_all_at_once(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Path) -> Services:
        raise InvalidSettingsError(["CRM_A is not set.", "CRM_B: must be https."])

    var = services.settings.var
    (var / "settings.env").touch()
    assert run(["--var", str(var), "imports", "list"], Roof(lambda _: None, fail)) == 2
    assert "CRM_A is not set." in (told := capsys.readouterr().err)
    assert "CRM_B: must be https." in told


def test_a_folder_without_an_installation_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def never(_: Path) -> Services:
        raise AssertionError

    assert run(["--var", str(tmp_path), "imports", "list"], Roof(lambda _: None, never)) == 2
    assert "There is no installation" in capsys.readouterr().err


def test_an_import_left_running_says_who_has_it(crm: Terminal) -> None:
    row = received(crm.services.intake, FILE)
    with crm.services.database.transaction() as session:
        imports.claim(session, row.id, claim_id="other", real_now=NOW)
    assert crm("imports", "resume", row.public_id) == 1
    assert crm.out == "A worker has it, or had it when it died: then resume it in 60 seconds.\n"
    with crm.services.database.transaction() as session:
        assert session.get_one(Import, row.id).state is ImportState.RUNNING
        imports.leave(session, row.id, claim_id="other", state=ImportState.DONE, at=NOW)
    assert crm("imports", "resume", row.public_id) == 1
    assert crm.out == "It is over. `imports list` shows how it ended.\n"


def test_who_may_be_written_to_is_enrolled_and_the_others_are_told_why(crm: Terminal) -> None:
    world = Outreach(crm.services)
    series = world.sequence()
    world.person(ANN)
    world.person("bob@fietsen.example", proven=False)
    addresses = [ANN, "bob@fietsen.example", "nobody@x.example"]
    assert crm("enrol", str(series), *addresses) == 1
    assert f"+ {ANN}  first step 2026-03-0" in crm.out
    assert "- bob@fietsen.example" in crm.out
    assert "- nobody@x.example  we hold no prospect" in crm.out
    assert "1 enrolled, 2 not." in crm.out


def test_too_many_for_the_cap_are_warned_about(crm: Terminal, tmp_path: Path) -> None:
    world = Outreach(crm.services)
    series = world.sequence(mailbox=world.mailbox(cap=1))
    path = tmp_path / "people.txt"
    path.write_text("".join(f"info@laden{number}.example\n" for number in range(30)))
    for line in path.read_text().split():
        world.person(line)
    assert crm("enrol", str(series), "--from", str(path)) == 0
    assert re.search(r"! \d+ of 30 would be too late: at 1 mails a day sanne1@", crm.out)
    assert "What mends it: about 2 mails a day; another mailbox" in crm.out


def test_addresses_can_come_from_a_file(crm: Terminal, tmp_path: Path) -> None:
    world = Outreach(crm.services)
    series = world.sequence()
    world.person(ANN)
    path = tmp_path / "people.txt"
    path.write_text(f"Ann <{ANN}>\n\n")
    assert crm("enrol", str(series), "--from", str(path)) == 0
    assert crm("sequences") == 0
    assert "1 running" in crm.out


def test_what_holds_back_sequences_only_leaves_a_mail_by_hand(crm: Terminal) -> None:
    world = Outreach(crm.services)
    who = world.person(ANN)
    world.mailbox()
    world.person("bob@winkel.example", company_id=world.prospect(who).company_id)
    world.refuse("bob@winkel.example")
    assert crm("why", ANN) == 1
    assert "A colleague may write to them by hand." in crm.out


def test_whoever_may_be_written_to_has_a_next_mail(crm: Terminal) -> None:
    world = Outreach(crm.services)
    series = world.sequence()
    world.person(ANN)
    assert crm("why", ANN) == 0
    assert "Yes, we may write." in crm.out
    crm("enrol", str(series), ANN)
    crm("why", ANN)
    assert "Next mail: Mon 02 Mar 2026" in crm.out


def test_a_running_import_can_be_stopped(crm: Terminal) -> None:
    row = received(crm.services.intake, FILE)
    assert crm("imports", "stop", row.public_id) == 0
    with crm.services.database.reading() as session:
        assert session.get_one(Import, row.id).state is ImportState.STOPPED
