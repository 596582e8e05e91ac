"""The kill test can fail: with one part of the protocol taken out it finds what that part prevents."""

from pathlib import Path

import pytest

from tests.crash.plants import Plant
from tests.crash.play import Play

pytestmark = pytest.mark.timeout(120)


def _faults(database_url: str, tmp_path: Path, plant: Plant) -> dict[str, int]:
    play = Play(tmp_path / "var", database_url, people=300, kills=45, objections=80, within=12.0, plant=plant)
    return play.run().wrong


def test_without_the_commit_of_the_claim_mail_leaves_twice(database_url: str, tmp_path: Path) -> None:
    assert "duplicates" in _faults(database_url, tmp_path, Plant.NO_CLAIM_COMMIT)


def test_without_the_gate_inside_the_claim_mail_follows_a_final_answer(
    database_url: str, tmp_path: Path
) -> None:
    assert "after_final" in _faults(database_url, tmp_path, Plant.NO_GATE)


def test_without_the_unique_key_a_step_is_planned_twice(database_url: str, tmp_path: Path) -> None:
    assert "planned_twice" in _faults(database_url, tmp_path, Plant.NO_UNIQUE_KEY)
