"""Six processes at one SQLite file: nobody hears of a lock, nobody waits or holds it long (T5, I44)."""

import sys

import pytest

from crm.kernel.settings import Settings
from tests.deep import size
from tests.locks.play import Play

SECONDS = size(8, 600)
PEOPLE = size(400, 20_000)

pytestmark = pytest.mark.timeout(120 + 3 * SECONDS)


def test_writers_a_long_reader_and_a_copier_never_meet_a_lock(settings: Settings) -> None:
    findings = Play(settings, SECONDS, PEOPLE, long=size(2, 10)).run()
    sys.stdout.write(f"{findings}\n")  # the figures, for `-rP`
    assert findings.wrong == set(), str(findings)
    least = {"mails": 50, "refusals": 10, "events": 20, "notes": 20, "files": 1, "reports": 1, "copies": 3}
    assert {what: findings.done.get(what, 0) >= number for what, number in least.items()} == dict.fromkeys(
        least, True
    ), str(findings)
    assert sum(one > 0.001 for one in findings.waits) >= 20, str(findings)
