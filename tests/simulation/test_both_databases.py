"""T2: the same days on SQLite and on PostgreSQL: the same mail leaves, the same states are left (I49)."""

import pytest

from tests import databases
from tests.deep import size
from tests.simulation.run import Simulation
from tests.simulation.turns import Weather

pytestmark = pytest.mark.timeout(size(300, 24 * 3600))

RUNS, DAYS = size(8, 500), size(6, 20)
TROUBLE = Weather(dies=0, raises=0, freezes=0, aimed=0, skew=0)
"""No worker dies: a transaction that is rolled back leaves other gaps in the numbers of each database."""


def lived(seed: int, url: str | None) -> tuple[list[str], dict[str, int]]:
    simulation = Simulation(seed, DAYS, people=8, weather=TROUBLE, database_url=url, alone=True)
    findings = simulation.run()
    assert not findings.wrong, f"seed {seed}: {findings}"
    return simulation.turns.trace, findings.states


@pytest.mark.parametrize("part", range(4))
def test_both_databases_lead_the_same_life(postgres_server: str, postgres_template: str, part: int) -> None:
    for seed in range(part, RUNS, 4):
        with databases.emptied_database(postgres_server, postgres_template) as url:
            ours, theirs = lived(seed, None), lived(seed, url)
        pairs = zip(ours[0], theirs[0], strict=False)
        assert next((pair for pair in pairs if pair[0] != pair[1]), None) is None, f"seed {seed}"
        assert ours == theirs, f"seed {seed}"
        assert len(ours[0]) > 5
