"""What the demo's start refuses, keeps and clears away."""

import json
import os
from pathlib import Path

import pytest

from crm.bootstrap.home import SETTINGS, make_home
from crm.bootstrap.parts import CannotStartError
from scripts.demo import launch
from scripts.demo.launch import STATE, State, parse, prepare_folder, set_environment

DEMO = {"CRM_DEMO": "yes"}


def remembered(var: Path, *, seed: int = 1, built: bool = True) -> None:
    make_home(var, more=DEMO)
    (var / STATE).write_text(json.dumps({"seed": seed, "built": built, "service_port": 1}))


def test_a_real_installation_is_not_touched(tmp_path: Path) -> None:
    make_home(tmp_path)
    (tmp_path / "crm.db").write_text("real")
    with pytest.raises(CannotStartError, match="real installation"):
        prepare_folder(tmp_path, None)
    assert (tmp_path / "crm.db").read_text() == "real"


def test_a_folder_that_is_no_demo_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "letter").write_text("mine")
    prepare_folder(tmp_path, None)
    assert (tmp_path / "mail" / "letter").read_text() == "mine"


def test_a_world_that_was_made_is_kept_with_its_seed(tmp_path: Path) -> None:
    remembered(tmp_path, seed=5)
    (tmp_path / "crm.db").write_text("world")
    state = prepare_folder(tmp_path, None)
    assert (state.seed, state.built) == (5, True)
    assert (tmp_path / "crm.db").exists()


def test_another_seed_needs_another_folder(tmp_path: Path) -> None:
    remembered(tmp_path, seed=5)
    with pytest.raises(CannotStartError, match="--seed 5"):
        prepare_folder(tmp_path, 6)


def test_a_world_that_was_only_half_made_is_made_anew(tmp_path: Path) -> None:
    remembered(tmp_path, built=False)
    (tmp_path / "crm.db").write_text("half")
    (tmp_path / "files").mkdir()
    state = prepare_folder(tmp_path, 3)
    assert (state.seed, state.built) == (3, False)
    assert not (tmp_path / "crm.db").exists()
    assert (tmp_path / SETTINGS).exists()


def test_the_shell_cannot_make_the_demo_send_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"CRM_MAILER": "sendgrid", "CRM_SENDGRID_KEY": "x", "PATH": "/bin"})
    set_environment(5301, 8901)
    assert os.environ == {
        "PATH": "/bin",
        "CRM_NAME_SERVER": "127.0.0.1:5301",
        "CRM_IMAGE_SERVICE_URL": "http://127.0.0.1:8901",
    }


@pytest.mark.parametrize("speed", ["0", "-1", "1e9", "fast"])
def test_a_speed_that_makes_no_sense_is_refused(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--demo", "--speed", speed])
    assert ended.value.code == 2
    assert "--speed" in capsys.readouterr().err


def test_a_state_that_cannot_be_read_is_no_state(tmp_path: Path) -> None:
    make_home(tmp_path, more=DEMO)
    (tmp_path / STATE).write_text("{half")
    assert not prepare_folder(tmp_path, None).built


def test_state_survives_being_written_and_read(tmp_path: Path) -> None:
    launch.remember(tmp_path, State(seed=2, built=True, service_port=1))
    assert launch.read_state(tmp_path) == State(seed=2, built=True, service_port=1)
