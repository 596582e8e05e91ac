"""Two hundred kills over a thousand messages, with people objecting meanwhile (I01 to I05)."""

from pathlib import Path

import pytest

from tests.crash.play import Play
from tests.deep import size

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(240)]


@pytest.mark.parametrize("run", range(size(1, 50)))
def test_no_kill_sends_twice_loses_a_message_or_breaks_a_final_answer(
    database_url: str, tmp_path: Path, run: int
) -> None:
    play = Play(tmp_path / "var", database_url, seed=20260302 + run)
    findings = play.run()
    assert findings.wrong == {}, findings.died
    assert play.kills_done == 200
    assert findings.states["uncertain"] >= 1
    assert findings.states["sent"] >= 1
    assert findings.laid_aside == 0
