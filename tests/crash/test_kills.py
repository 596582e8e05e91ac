"""Two hundred kills over a thousand messages, with people objecting meanwhile (I01 to I05)."""

from pathlib import Path

import pytest

from tests.crash.play import Play

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(240)]


def test_no_kill_sends_twice_loses_a_message_or_breaks_a_final_answer(
    database_url: str, tmp_path: Path
) -> None:
    play = Play(tmp_path / "var", database_url)
    findings = play.run()
    assert findings.wrong == {}, findings.died
    assert play.kills_done == 200
    assert findings.states["uncertain"] >= 1
    assert findings.states["sent"] >= 1
