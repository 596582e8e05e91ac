"""The simulation can fail: each promise is taken out of the program once, and the judge must see it."""

import importlib

import pytest

from tests.simulation.planting import put
from tests.simulation.plants import SENDING
from tests.simulation.plants_of_consent import CONSENT
from tests.simulation.run import Simulation

pytestmark = pytest.mark.timeout(240)

PLANTS = {**SENDING, **CONSENT}
SEEDS = 12
DAYS = 16
SOON = {
    "a doubt is sent again by the reaper": 1,
    "the next step does not wait for a doubt": 1,
    "a pause is acknowledged and not written": 2,
    "an erasure forgets the no": 2,
    "a no is acknowledged and not kept": 2,
    "a company's no does not reach who comes later": 1,
    "a soft bounce refuses": 2,
    "a new key for every try of a lead": 1,
    "a lead of somebody who said no": 2,
}
"""The month in which it shows, if not in the first; should it no longer, the others are tried."""

CROWDS = {"no gap between a mailbox's mails": 60}
"""People, where a fault shows only when much is due at once."""


def test_a_fault_can_be_planted_while_the_pages_are_loaded() -> None:
    importlib.import_module("crm.web.app")
    with put():
        pass


@pytest.mark.parametrize("name", PLANTS)
def test_it_goes_red_when(name: str) -> None:
    plant = PLANTS[name]
    seen, first = [], SOON.get(name, 0)
    for seed in (*range(first, SEEDS), *range(first)):
        findings = Simulation(
            seed, DAYS, people=CROWDS.get(name, 14), weather=plant.weather, plant=plant.put
        ).run()
        if plant.check in findings.wrong:
            return
        seen += sorted(findings.wrong)
    pytest.fail(f"{plant.invariant}: nobody saw that {name}; seen instead: {seen}")
