"""The kill test can fail: with one part of the protocol taken out it finds what that part prevents."""

from pathlib import Path

import pytest

from tests.crash.plants import Plant
from tests.crash.play import Play
from tests.deep import size

pytestmark = pytest.mark.timeout(120)


def _faults(database_url: str, tmp_path: Path, plant: Plant) -> dict[str, int]:
    play = Play(tmp_path / "var", database_url, people=300, kills=45, objections=80, within=12.0, plant=plant)
    return play.run().wrong


SEEN = {
    Plant.NO_GATE: "after_final",
    Plant.NO_CLAIM_COMMIT: "duplicates",
    Plant.NO_UNIQUE_KEY: "planned_twice",
}


@pytest.mark.parametrize("plant", list(SEEN)[: size(1, 3)])
def test_it_goes_red_when_a_part_of_the_protocol_is_taken_out(
    database_url: str, tmp_path: Path, plant: Plant
) -> None:
    assert SEEN[plant] in _faults(database_url, tmp_path, plant)
