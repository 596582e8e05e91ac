"""Whoever objects while their mail is leaving is told the truth (I01), and the test can tell a lie."""

from pathlib import Path

import pytest

from tests.crash.plants import Plant
from tests.deep import size
from tests.races.aimed import Duel

pytestmark = pytest.mark.timeout(size(240, 1_800))
OBJECTIONS = size(60, 2_000)
CONTROL = 80


@pytest.mark.both_databases
def test_nothing_leaves_after_a_final_answer(database_url: str, tmp_path: Path) -> None:
    came_of_it = Duel(tmp_path / "var", database_url, OBJECTIONS).run()
    wrong = {name: number for name, number in came_of_it.found.wrong.items() if name != "lost"}
    assert (wrong, came_of_it.late) == ({}, [])
    assert came_of_it.aimed > OBJECTIONS * 3 // 4
    # Else they came too early or too late for what they aimed at.
    assert came_of_it.stopped > OBJECTIONS // 10


@pytest.mark.both_databases
def test_without_the_gate_inside_the_claim_mail_leaves_after_it(database_url: str, tmp_path: Path) -> None:
    came_of_it = Duel(tmp_path / "var", database_url, CONTROL, plant=Plant.NO_GATE).run()
    assert came_of_it.late


@pytest.mark.both_databases
def test_without_a_look_for_live_claims_mail_leaves_after_it(database_url: str, tmp_path: Path) -> None:
    came_of_it = Duel(tmp_path / "var", database_url, CONTROL, looks=False).run()
    assert came_of_it.late
