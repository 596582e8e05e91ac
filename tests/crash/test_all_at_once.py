"""Both workers and the web process killed in one moment: the same as if they had died one after another."""

import http.client
import os
import random
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from crm.kernel.addresses import EmailAddress
from crm.kernel.clock import monotonic
from crm.kernel.public_links import MailboxLink
from tests import world
from tests.crash.checker import Findings, judge
from tests.crash.forks import Ended, Forks
from tests.crash.objectors import Objection, size_of
from tests.crash.play import WORKERS, Nursery, Play, let_live
from tests.crash.stage import Stage, address_of
from tests.deep import size
from tests.servers.scripted import closed_port

pytestmark = [pytest.mark.both_databases, pytest.mark.enable_socket, pytest.mark.timeout(size(180, 1800))]


@dataclass
class Visitors:
    """Press the button one after another, and again until there is an answer."""

    stage: Stage
    people: int
    port: int = field(default_factory=closed_port)
    told: list[Objection] = field(default_factory=list)
    broken: int = 0
    """Times the line broke before there was an answer."""

    over: threading.Event = field(default_factory=threading.Event)

    def come(self) -> None:
        for number in range(0, self.people, 3):
            while not self.over.is_set():
                answer = self._press(number)
                if answer is not None:
                    is_final = b"already leaving" not in answer and b"al onderweg" not in answer
                    self.told.append(Objection(number, is_final, size_of(self.stage.history)))
                    break

    def _press(self, number: int) -> bytes | None:
        ring = self.stage.settings.keys.addresses
        link = MailboxLink(ring.digest(EmailAddress.parse(address_of(number))), ring.version, "")
        path = urlsplit(self.stage.desk.links.unsubscribe_url(link)).path
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request("POST", path, "choice=never", {"Content-Type": "application/x-www-form-urlencoded"})
            reply = line.getresponse()
            page = reply.read()
        except ConnectionRefusedError:
            self.over.wait(0.02)
            return None
        except (http.client.HTTPException, OSError):
            self.broken += 1
            return None
        finally:
            line.close()
        assert reply.status == 200, page
        return page


@dataclass
class AllAtOnce(Play):
    """Nobody is spared: the two workers and the web process die in the same moment."""

    forks: Forks | None = None
    visitors: Visitors | None = None

    def _drama(self, stage: Stage, nursery: Nursery) -> None:
        self.visitors = Visitors(stage, self.people)
        chance = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        with ThreadPoolExecutor(2) as beside:
            coming = beside.submit(self.visitors.come)
            for _ in range(self.kills):
                door = self._open(beside, nursery.started)
                workers = [nursery.spawn() for _ in range(WORKERS)]
                let_live(workers[0], chance)
                for victim in (*workers, self._door_id(door)):
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                assert door.result().status == -signal.SIGKILL, door.result().err
                self.kills_done += 1
            door = self._open(beside, nursery.started)
            for _ in range(WORKERS):
                nursery.spawn()
            coming.result()
            os.kill(self._door_id(door), signal.SIGKILL)

    def _open(self, beside: ThreadPoolExecutor, started: float) -> "Future[Ended]":
        assert self.forks
        assert self.visitors
        (self.var / "door.pid").unlink(missing_ok=True)
        told = {**world.environment(self.var, self.database_url), "CRASH_STARTED": str(started)}
        return beside.submit(self.forks.run, "tests.crash.doorkeeper", str(self.visitors.port), env=told)

    def _door_id(self, door: "Future[Ended]") -> int:
        path = self.var / "door.pid"
        deadline = monotonic() + 60
        while not (path.exists() and path.read_text()):
            assert not door.done(), door.result().err
            assert monotonic() < deadline
            threading.Event().wait(0.01)
        return int(path.read_text())

    def _judged(self, stage: Stage) -> Findings:
        assert self.visitors
        return judge(stage.database, stage.history, self.visitors.told)


def test_all_killed_at_once_again_and_again_break_no_promise(
    others: Forks, database_url: str, tmp_path: Path
) -> None:
    play = AllAtOnce(
        tmp_path / "var",
        database_url,
        people=size(90, 450),
        kills=size(4, 25),
        within=size(5, 20),
        forks=others,
    )
    found = play.run()
    assert found.wrong == {}
    assert play.kills_done == play.kills
    assert play.visitors
    assert len(play.visitors.told) == play.people // 3  # everybody was answered in the end
    assert found.states["sent"] > 10
    stage = Stage.enter(play.settings, monotonic())
    with stage.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM refusals")).scalar_one() == play.people // 3
    stage.database.dispose()
