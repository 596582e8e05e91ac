"""Killed anywhere, an acknowledged no stands, and a begun erasure is finished (I18, I29, I43)."""

import signal
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
from crm.queries.keeping import inventory
from crm.services import Services
from crm.workflows.refusals.erase import Shelves, finish_erasures
from crm.workflows.refusals.refuse import Desk
from crm.workflows.refusals.restore_refusals import restore_refusals
from tests import world
from tests.conftest import NOW
from tests.crash.forks import Forks
from tests.crash.objector import ANNA
from tests.deep import size
from tests.promises.canaries import Planted, found_in, plant, spellings

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(120)]


@dataclass
class Scene:
    """An installation in which Anna is on record."""

    forks: Forks
    services: Services
    env: dict[str, str]
    anna: Planted

    def run(self, act: str, *, die_at: str = "") -> bool:
        """Let somebody act in a process of their own; tell whether they got an acknowledgement."""
        fault = f"{die_at}=kill" if die_at else ""
        ended = self.forks.run("tests.crash.objector", act, env=self.env, fault=fault)
        assert ended.status == (-signal.SIGKILL if die_at else 0), ended.err[-2000:]
        return "acknowledged" in ended.out

    @property
    def refused(self) -> bool:
        ring = self.services.settings.keys.addresses
        with self.services.database.reading() as session:
            return bool(register.standing(session, ring.digests(ANNA)))

    def left(self) -> set[str]:
        """Tables that hold something about her; nobody else is on record."""
        with self.services.database.reading() as session:
            return {
                one.table.name
                for one in inventory.entries()
                if one.table.name in self.anna.ids and session.execute(select(one.table).limit(1)).first()
            }


@pytest.fixture
def scene(forks: Forks, services: Services, settings: Settings, database_url: str) -> Scene:
    keys.make_missing(settings.var / "keys")
    with services.database.transaction() as session:
        anna = plant(session, settings.keys.addresses, name="anna")
        spellings(session, settings.keys.addresses, anna)
    services.database.dispose()
    return Scene(forks, services, world.environment(settings.var, database_url), anna)


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


@pytest.mark.parametrize("turn", range(size(1, 4)))
@pytest.mark.parametrize(
    "point",
    ["refuse.after_commit", "erase.begun", "erase.after_files", "erase.mid_tables", "erase.after_rows"],
)
def test_an_erasure_killed_anywhere_is_finished_by_asking_again_or_by_itself(
    scene: Scene, point: str, tmp_path: Path, turn: int
) -> None:
    whole = scene.left()
    scene.run("erase", die_at=point)
    found = scene.left()
    assert scene.refused
    services = scene.services
    if point == "refuse.after_commit":
        scene.run("erase")  # nobody was told yes: they press the button again
    desk = Desk(services.database, services.settings.keys.addresses, services.journal, services.clocks.real)
    finish_erasures(desk, Shelves(services.settings.var, services.sent_mail), at=NOW)
    # All of a person or nothing: no page ever shows somebody half forgotten.
    assert found in (whole, scene.left())
    assert (found == whole) == (point != "erase.after_rows")
    with services.database.reading() as session:
        assert session.scalars(select(Prospect.id)).all() == []
        assert None not in session.scalars(select(Erasure.finished_at)).all()
    if services.database.is_sqlite:
        assert found_in(tmp_path, scene.anna.words) == []
