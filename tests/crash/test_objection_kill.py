"""Killed anywhere, an acknowledged no stands, and a begun erasure is finished (I18, I29, I43)."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.delivery.models import Message, MessageState
from crm.kernel import keys
from crm.kernel.settings import Settings
from crm.privacy import register
from crm.privacy.models import Erasure
from crm.prospects.models import Prospect
from crm.services import Services
from crm.workflows.erase import Shelves, finish_erasures
from crm.workflows.refuse import Desk
from crm.workflows.restore_refusals import restore_refusals
from tests import world
from tests.conftest import NOW
from tests.crash.objector import ANNA
from tests.promises.canaries import Planted, found_in, plant, spellings

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(120)]
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Scene:
    """An installation in which Anna is on record."""

    services: Services
    env: dict[str, str]
    anna: Planted

    def run(self, act: str, *, die_at: str = "") -> bool:
        """Let somebody act in a process of their own; tell whether they got an acknowledgement."""
        faults = {"CRM_FAULTS": f"{die_at}=kill"} if die_at else {}
        ended = subprocess.run(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "tests.crash.objector", act],
            cwd=ROOT,
            env={**os.environ, **self.env, **faults},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == (-signal.SIGKILL if die_at else 0), ended.stderr[-2000:]
        return "acknowledged" in ended.stdout

    @property
    def refused(self) -> bool:
        ring = self.services.settings.keys.addresses
        with self.services.database.reading() as session:
            return bool(register.standing(session, ring.digests(ANNA)))


@pytest.fixture
def scene(services: Services, settings: Settings, database_url: str) -> Scene:
    keys.make_missing(settings.var / "keys")
    with services.database.transaction() as session:
        anna = plant(session, settings.keys.addresses, name="anna")
        spellings(session, settings.keys.addresses, anna)
    services.database.dispose()
    return Scene(services, world.environment(settings.var, database_url), anna)


def test_without_a_kill_it_is_acknowledged_and_stands(scene: Scene) -> None:
    assert scene.run("refuse")
    assert scene.refused


def test_killed_before_the_commit_nothing_is_acknowledged_and_nothing_half_done(scene: Scene) -> None:
    assert not scene.run("refuse", die_at="refuse.before_commit")
    assert not scene.refused
    with scene.services.database.reading() as session:
        assert session.scalars(select(Message.state)).all() == [MessageState.HELD]


def test_what_was_journalled_but_not_committed_is_applied_on_replay(scene: Scene) -> None:
    """A line too many errs on the side of silence."""
    scene.run("refuse", die_at="refuse.before_commit")
    ring = scene.services.settings.keys.addresses
    assert restore_refusals(scene.services.database, ring, scene.services.journal, at=NOW).refusals == 1
    assert scene.refused


@pytest.mark.parametrize("point", ["refuse.after_commit", "refuse.before_answer"])
def test_killed_after_the_commit_the_no_stands(scene: Scene, point: str) -> None:
    scene.run("refuse", die_at=point)
    assert scene.refused
    assert len(list(scene.services.journal.lines())) == 1


@pytest.mark.parametrize(
    "point",
    ["refuse.after_commit", "erase.begun", "erase.after_files", "erase.mid_tables", "erase.after_rows"],
)
def test_an_erasure_killed_anywhere_is_finished_by_asking_again_or_by_itself(
    scene: Scene, point: str, tmp_path: Path
) -> None:
    scene.run("erase", die_at=point)
    assert scene.refused
    services = scene.services
    if point == "refuse.after_commit":
        scene.run("erase")  # nobody was told yes: they press the button again
    desk = Desk(services.database, services.settings.keys.addresses, services.journal, services.clocks.real)
    finish_erasures(desk, Shelves(services.settings.var, services.sent_mail), at=NOW)
    with services.database.reading() as session:
        assert session.scalars(select(Prospect.id)).all() == []
        assert None not in session.scalars(select(Erasure.finished_at)).all()
    if services.database.is_sqlite:
        assert found_in(tmp_path, scene.anna.words) == []
