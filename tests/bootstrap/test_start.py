"""What a start refuses in one plain sentence, before anything else happens."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crm.bootstrap import launch, parts
from crm.bootstrap.command import open_home
from crm.bootstrap.home import last_address, make_home
from crm.kernel import schema

ROOT = Path(__file__).parents[2]


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def test_a_demo_is_not_started_as_an_installation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_home(tmp_path, more={"CRM_DEMO": "yes"})
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    assert "holds a demo. Start it with --demo" in capsys.readouterr().err


def test_a_second_start_in_one_folder_is_refused_and_leaves_the_address_alone(
    tmp_path: Path,
) -> None:
    code = (
        "import sys; from pathlib import Path; from crm.bootstrap.launch import environment;"
        f"environment(Path({str(tmp_path)!r}), {unused_port()}); print('runs', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603 - our own line
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout
        assert first.stdout.readline() == "runs\n"
        where = last_address(tmp_path)
        with pytest.raises(parts.CannotStartError, match=f"runs in {tmp_path} already, at {where}"):
            launch.environment(tmp_path, unused_port())
        assert last_address(tmp_path) == where
        first.kill()
    launch.environment(tmp_path, unused_port())  # whoever is killed leaves nothing to clear away


def test_a_database_that_is_none_is_named_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_home(tmp_path)
    (tmp_path / "crm.db").write_bytes(b"no database at all " * 100)
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("The database cannot be used: file is not a database. Look at ")


def test_a_database_that_takes_nothing_more_is_named_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk, but for the words: brought up to date it was, and then the first link does not fit."""
    env = launch.environment(tmp_path, 8000)
    services = launch.migrated(env)
    with services.database.transaction() as session:
        full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        session.execute(text(f"CREATE TRIGGER full BEFORE INSERT ON invitations {full}"))
    services.database.dispose()
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("The database cannot be used: database or disk is full. Look at ")


@pytest.mark.enable_socket
def test_a_server_that_does_not_answer_is_named_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql+psycopg://crm:secret@127.0.0.1:{unused_port()}/crm"
    monkeypatch.setenv("CRM_DATABASE_URL", url)
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("The database cannot be used: connection failed")
    assert said.endswith("Is it running, and is CRM_DATABASE_URL right?")
    assert "secret" not in said


def test_a_database_in_use_is_not_changed_behind_somebodys_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_database: object) -> None:
        raise OperationalError("LOCK", {}, LockNotAvailable("canceling statement due to lock timeout"))

    monkeypatch.setattr(schema, "migrate", locked)
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    assert "something else is using it" in capsys.readouterr().err


def test_what_only_the_parts_can_judge_is_said_at_once_and_altogether(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an installation that ran before: then the launcher itself loads nothing that could look."""
    env = launch.environment(tmp_path, unused_port())
    launch.open_house(env)
    monkeypatch.setenv("CRM_NAME_SERVER", "x")
    monkeypatch.setenv("CRM_TRUSTED_PROXIES", "bogus")
    monkeypatch.setenv("CRM_SENDGRID_EVENT_KEYS", "zzz")
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    said = capsys.readouterr().err.splitlines()
    names = {line.partition(":")[0] for line in said}
    assert names == {"CRM_NAME_SERVER", "CRM_TRUSTED_PROXIES", "CRM_SENDGRID_EVENT_KEYS"}


def test_settings_that_are_no_text_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_home(tmp_path)
    with (tmp_path / "settings.env").open("ab") as file:
        file.write("CRM_CONTROLLER_NAME=Café\n".encode("latin-1"))
    assert launch.main(["--port", str(unused_port()), "--var", str(tmp_path)]) == launch.USAGE
    assert capsys.readouterr().err.endswith("settings.env: save it as UTF-8.\n")


def test_the_command_line_prints_links_to_where_the_program_runs(tmp_path: Path) -> None:
    port = unused_port()
    make_home(tmp_path)
    assert last_address(tmp_path) == "http://127.0.0.1:8000"
    launch.open_house(launch.environment(tmp_path, port))
    assert open_home(tmp_path).settings.base_url == f"http://127.0.0.1:{port}"


def test_the_help_names_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        launch.parse(["--help"])
    assert "--demo" in capsys.readouterr().out


def test_the_threads_of_a_part_share_two_heaps_unless_the_shell_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert parts.environ_of({"CRM_VAR": "here"})["MALLOC_ARENA_MAX"] == "2"
    monkeypatch.setenv("MALLOC_ARENA_MAX", "8")
    assert parts.environ_of({"CRM_VAR": "here"})["MALLOC_ARENA_MAX"] == "8"


def test_a_start_loads_the_program_once_for_all_its_web_processes(tmp_path: Path) -> None:
    """Loading takes longer than all else; done by each process it makes a start thrice as long."""
    port = unused_port()
    env = launch.environment(tmp_path / "var", port)
    launch.open_house(env)
    server = parts.web({**env, "PYTHONPROFILEIMPORTTIME": "1"}, port, workers=2)
    try:
        parts.wait_until_open(port, [server])
        with urlopen(f"http://127.0.0.1:{port}/login", timeout=10) as answer:
            assert answer.status == 200
    finally:
        parts.stop([server])
    log = (tmp_path / "var" / "logs" / "web.log").read_text()
    assert log.count(" crm.web.app\n") == 1
    assert log.count('"event": "web starts"') == 2
    ours = [line for line in log.splitlines() if not line.startswith("import time:")]
    assert {type(json.loads(line)) for line in ours} == {dict}  # the server's own words as well


def test_what_the_web_processes_share_is_made_before_they_part(tmp_path: Path) -> None:
    """Of two applications of one server, each hears of the pages that the other serves."""
    env = launch.environment(tmp_path / "var", unused_port())
    launch.open_house(env)
    asked = "from crm.bootstrap.web import make_application as m; print(m().visits is m().visits)"
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "True"


def test_whoever_types_the_command_does_not_wait_for_the_program_to_load() -> None:
    code = "import sys, crm.bootstrap.launch; print('sqlalchemy' in sys.modules)"
    asked = subprocess.run(  # noqa: S603 - our own line
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert asked.stdout == "False\n"


@pytest.mark.parametrize(
    ("typed", "module"),
    [
        ("", "crm.bootstrap.launch"),
        ("--port 8001", "crm.bootstrap.launch"),
        ("--demo", "scripts.demo.launch"),
        ("--var minutes --demo", "scripts.demo.launch"),
        ("--demo --weeks 10 --faults", "scripts.demo.soak"),
        ("--weeks=10 --demo", "scripts.demo.soak"),
        ("--demo --minutes 10 --faults", "scripts.demo.vigil"),
        ("--faults --minutes 10 --port 8001 --demo", "scripts.demo.vigil"),
    ],
)
def test_the_command_finds_what_was_asked_for(tmp_path: Path, typed: str, module: str) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    shutil.copy(ROOT / "scripts" / "run", scripts)
    (scripts / "environment.sh").write_text("here=.\nPYTHON=echo\nmake_environment() { :; }\n")
    asked = subprocess.run(  # noqa: S603 - our own script
        [str(scripts / "run"), *typed.split()], check=True, capture_output=True, text=True
    )
    assert asked.stdout.split() == ["-m", module, *typed.split()]
