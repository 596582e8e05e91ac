"""The races can fail: without one part of a protocol the judge of its pair finds what that part prevents."""

import pytest

from crm.kernel.settings import Settings
from tests.deep import IS_DEEP
from tests.races.pairs import Pair, Planted
from tests.races.race import Race
from tests.races.test_races import PAIRS

pytestmark = pytest.mark.timeout(300)
MOST = 400
"""Interleavings in which it must show."""

FAULTS = {name: (pair, planted) for pair in PAIRS.values() for name, planted in pair.planted.items()}
IN_A_FILE = {name: case for name, case in FAULTS.items() if "sqlite" in case[1].on}
ON_A_SERVER = {name: case for name, case in FAULTS.items() if IS_DEEP or name not in IN_A_FILE}


def _goes_red(pair: Pair, planted: Planted, settings: Settings) -> None:
    found = Race(pair, settings, planted.changes).run(MOST, until=planted.found)
    assert planted.found in found.wrong, found.wrong


@pytest.mark.parametrize(("pair", "planted"), IN_A_FILE.values(), ids=IN_A_FILE)
def test_it_goes_red_when(pair: Pair, planted: Planted, settings: Settings) -> None:
    _goes_red(pair, planted, settings)


@pytest.mark.both_databases
@pytest.mark.parametrize(("pair", "planted"), ON_A_SERVER.values(), ids=ON_A_SERVER)
def test_it_goes_red_on_a_server_when(
    pair: Pair, planted: Planted, settings: Settings, database_kind: str
) -> None:
    if database_kind == "postgresql":
        _goes_red(pair, planted, settings)
