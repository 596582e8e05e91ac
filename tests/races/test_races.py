"""Whoever stands still in the middle, and whoever comes by meanwhile: each promise holds in every order."""

import pytest

from crm.kernel.settings import Settings
from tests.deep import size
from tests.races.data import ERASE_IMPORT, HAND_OFF, IMPORT_IMPORT
from tests.races.outcomes import CAP_CAP, CLAIM_PAUSE, EVENT_RECORD
from tests.races.pairs import Pair
from tests.races.race import Race
from tests.races.sending import CLAIM_CLAIM, CLAIM_REFUSE

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(size(300, 3_600))]

PAIRS = {
    "claim and claim": CLAIM_CLAIM,
    "claim and objection": CLAIM_REFUSE,
    "claim and pause": CLAIM_PAUSE,
    "report and record": EVENT_RECORD,
    "cap and cap": CAP_CAP,
    "import and import": IMPORT_IMPORT,
    "erasure and import": ERASE_IMPORT,
    "two hand-offs": HAND_OFF,
}
COUNT = size(20, 5_000)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_in_every_order(pair: Pair, settings: Settings) -> None:
    found = Race(pair, settings).run(COUNT)
    assert found.played == COUNT
    assert not found.wrong, "\n".join(found.shown.values())
