"""A worker killed at every point of its way, and what is found, recovered and handed over afterwards."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from crm.kernel import keys
from crm.kernel.clock import monotonic
from crm.kernel.settings import Settings
from tests import world
from tests.crash.checker import judge
from tests.crash.forks import Forks
from tests.crash.plants import Plant, dispatch_of
from tests.crash.stage import Stage, set_scene
from tests.crash.worker import once

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(120)]

Killed = Callable[..., Stage]


@pytest.fixture
def killed(forks: Forks, database_url: str, tmp_path: Path) -> Killed:
    """One person whose mail is due, and a worker that dies at a point."""
    var = tmp_path / "var"
    var.mkdir()
    keys.make_missing(var / "keys")
    env = world.environment(var, database_url)
    settings = Settings.from_env(env)
    started = monotonic()
    scene = Stage.enter(settings, started)
    set_scene(scene, 1, within=1.0)
    scene.database.dispose()

    def kill(*points: str) -> Stage:
        for shift, point in enumerate(points):
            _die_at(forks, point, env, started - 10 * shift)
        # Ten seconds on, every lease is over.
        return Stage.enter(settings, started - 10 * len(points))

    return kill


def _die_at(forks: Forks, point: str, env: dict[str, str], started: float) -> None:
    told = {**env, "CRASH_STARTED": str(started), "CRASH_PLANT": Plant.NONE.value}
    ended = forks.run("tests.crash.worker", env=told, fault=f"{point}=kill")
    assert ended.status == -signal.SIGKILL, f"nobody came by {point}: {ended.err[-2000:]}"


def recovered(stage: Stage) -> tuple[str, int]:
    """The message's state and the hand-overs in the provider's history, after others took over."""
    send = dispatch_of(Plant.NONE)
    for _ in range(3):
        once(stage, send)
    found = judge(stage.database, stage.history, [])
    stage.database.dispose()
    assert found.wrong == {}
    [state] = found.states
    return state, found.handed_over


@pytest.mark.parametrize(
    "point",
    ["plan.after_read", "plan.before_commit", "claim.before_commit", "claim.after_commit", "gate.after_read"],
)
def test_killed_before_the_mark_it_is_sent_by_somebody_else(killed: Killed, point: str) -> None:
    assert recovered(killed(point)) == ("sent", 1)


@pytest.mark.parametrize("point", ["transport.before", "transport.before_body"])
def test_killed_before_anything_left_it_is_in_doubt_and_never_sent(killed: Killed, point: str) -> None:
    assert recovered(killed(point)) == ("uncertain", 0)


@pytest.mark.parametrize(
    "point", ["transport.mid_body", "transport.after_response", "transport.after", "record.before_commit"]
)
def test_killed_before_the_outcome_is_written_it_is_in_doubt_and_not_sent_again(
    killed: Killed, point: str
) -> None:
    assert recovered(killed(point)) == ("uncertain", 1)


def test_killed_after_the_outcome_is_written_nothing_is_in_doubt(killed: Killed) -> None:
    assert recovered(killed("record.after_commit")) == ("sent", 1)


@pytest.mark.parametrize(
    ("first", "found"), [("claim.after_commit", ("sent", 1)), ("transport.after", ("uncertain", 1))]
)
def test_a_reaper_that_dies_leaves_the_same_to_the_next(
    killed: Killed, first: str, found: tuple[str, int]
) -> None:
    assert recovered(killed(first, "reaper.mid")) == found


def test_a_slot_of_the_cap_is_held_by_what_may_have_left_and_by_nothing_else(killed: Killed) -> None:
    stage = killed("claim.after_commit")
    assert recovered(stage) == ("sent", 1)
    with stage.database.reading() as session:
        assert session.execute(text("SELECT used FROM mailbox_days")).scalars().all() == [1]
