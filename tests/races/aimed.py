"""People object to mail that is in a worker's hands at that moment (I01).

Two workers send, two processes look at what is claimed or leaving and object for its reader. Every fourth
takes whoever is next in line instead: the claim comes while they object. The provider stamps each hand-over
right before it begins, the objector each answer right after it is there, both by CLOCK_MONOTONIC.
"""

import gc
import logging
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from time import sleep
from typing import Any, Final

from sqlalchemy import text

from crm.delivery import claims
from crm.delivery.ports import Envelope, Outcome
from crm.kernel import faults, keys
from crm.kernel.clock import monotonic
from crm.kernel.settings import Settings
from tests import world
from tests.crash.checker import Findings, judge
from tests.crash.objectors import Objection, Objectors
from tests.crash.plants import Plant, dispatch_of
from tests.crash.stage import Stage, address_of, set_scene
from tests.crash.worker import once
from tests.races.actor import FORK
from tests.simulation.planting import put

FAR_AWAY: Final = "transport.before_body=sleep:0.04,gate.after_read=sleep:0.01,claim.after_commit=sleep:0.02"
"""A provider and a disk some way off, or nothing is ever in hand."""

NOTES: Final = "hand-overs.txt"
_LONGEST: Final = 800.0
_IDLE: Final = 3.0  # seconds without anything to aim at: everybody was written to
_IN_HAND = text("SELECT recipient FROM messages WHERE state IN ('claimed', 'sending') ORDER BY id DESC")
_NEXT = text("SELECT recipient FROM messages WHERE state = 'due' ORDER BY due_at, id LIMIT 4")


@dataclass
class Told:
    """What the objectors were told, and how many of them aimed at what was in hand."""

    answers: list[Objection]
    aimed: int


@dataclass
class Duel:
    """So many objections at what is leaving."""

    var: Path
    database_url: str
    objections: int
    plant: Plant = Plant.NONE
    looks: bool = True
    """False: objectors take what they wrote for enough, and do not look for live claims."""

    def run(self) -> "Outcomes":
        self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys.make_missing(self.var / "keys")
        settings = Settings.from_env(world.environment(self.var, self.database_url))
        scene = Stage.enter(settings, monotonic())
        people = 5 * self.objections
        set_scene(scene, people, within=people / 100)
        scene.database.dispose()
        (self.var / NOTES).touch()
        told = self._fight(settings, people)
        stage = Stage.enter(settings, monotonic())
        answers = [answer for one in told for answer in one.answers]
        found = judge(stage.database, stage.history, answers)
        with stage.database.reading() as session:
            rows = session.execute(text("SELECT public_id, recipient, state FROM messages")).all()
        stage.database.dispose()
        recipients = {row.public_id: row.recipient for row in rows}
        states = {row.recipient: row.state for row in rows}
        finals = {address_of(one.number): one.at for one in answers if one.is_final}
        late = [
            name
            for at, name in _read(self.var / NOTES)
            if at > finals.get(recipients.get(name, ""), float("inf"))
        ]
        stopped = sum(states.get(one) == "withheld" for one in finals)
        return Outcomes(found, late, sum(one.aimed for one in told), len(answers) - len(finals), stopped)

    def _fight(self, settings: Settings, people: int) -> list[Told]:
        started, over = monotonic(), FORK.RawValue("b", 0)
        workers = [
            FORK.Process(target=_apart, args=(_send, settings, started, over, self.plant)) for _ in range(2)
        ]
        objectors, ears = [], []
        for share in range(2):
            ear, say = FORK.Pipe(duplex=False)
            order = _Order(people, share, self.objections // 2, self.looks)
            objectors.append(FORK.Process(target=_apart, args=(_object, settings, started, order, say)))
            ears.append(ear)
        for one in (*workers, *objectors):
            one.start()
        try:
            told = [_heard(ear, objector, workers) for ear, objector in zip(ears, objectors, strict=True)]
        finally:
            over.value = 1
            for one in (*objectors, *workers):
                one.join(60)
        assert [one.exitcode for one in (*workers, *objectors)] == [0] * 4
        return told


@dataclass
class Outcomes:
    """What came of it."""

    found: Findings
    late: list[str]
    """Handed over after a final answer, by the stamps."""

    aimed: int
    in_flight: int
    """Answers that said one may still arrive."""

    stopped: int
    """Claimed already, and withheld: the answer was final."""


def _heard(ear: Connection, objector: ForkProcess, workers: Sequence[ForkProcess]) -> Told:
    while not ear.poll(0.5):
        assert objector.is_alive() or ear.poll(), "an objector died"
        assert all(one.is_alive() for one in workers), "a worker died"
    told: Told = ear.recv()
    return told


@dataclass(frozen=True)
class _Order:
    people: int
    share: int
    quota: int
    looks: bool


def _apart(do: Callable[..., None], *known: Any) -> None:
    """In a process of its own, which ends without the test's own good-byes."""
    logging.disable()
    gc.freeze()  # or a look at all that was inherited copies it, in the middle of a transaction
    try:
        do(*known)
    except BaseException:  # noqa: BLE001 - shown, and told by the exit code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class _Stamping:
    """The `mailbox` mailer, with a stamp before each hand-over."""

    def __init__(self, stage: Stage) -> None:
        self._mailer = stage.room.mailer
        self._notes = (stage.settings.var / NOTES).open("ab", buffering=0)

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        return [self._one(envelope) for envelope in batch]

    def _one(self, envelope: Envelope) -> Outcome:
        faults.point("transport.somewhere")
        self._notes.write(f"{monotonic()!r} {envelope.public_id}\n".encode())
        return self._mailer.send([envelope])[0]

    def close(self) -> None:
        self._notes.close()


def _read(notes: Path) -> list[tuple[float, str]]:
    return [(float(at), name) for at, name in (line.split() for line in notes.read_text().splitlines())]


def _send(settings: Settings, started: float, over: Any, plant: Plant) -> None:
    stage = Stage.enter(settings, started)
    object.__setattr__(stage.room, "mailer", _Stamping(stage))
    send = dispatch_of(plant)
    with faults.planned(FAR_AWAY):
        while not over.value:
            if not once(stage, send):
                sleep(0.01)


def _object(settings: Settings, started: float, order: _Order, say: Connection) -> None:
    stage = Stage.enter(settings, started)
    objectors = Objectors(stage, order.people, seed=order.share)
    blind: tuple[tuple[Any, str, object], ...] = ((claims, "live_for", lambda *_, **__: []),)
    seen: set[str] = set()
    aimed, deadline, latest = 0, monotonic() + _LONGEST, monotonic()
    with put(*(() if order.looks else blind)):
        for turn in count():
            if aimed >= order.quota or monotonic() > min(deadline, latest + _IDLE):
                break
            is_next = turn % 4 == 3
            with stage.database.reading() as session:
                found = session.scalars(_NEXT if is_next else _IN_HAND).all()
            mine = [one for one in found if one not in seen and _number(one) % 2 == order.share]
            if not mine:
                sleep(0.001)
                continue
            seen.add(mine[0])
            latest = monotonic()
            objectors.object_once(_number(mine[0]))
            aimed += not is_next
    say.send(Told(objectors.told, aimed))


def _number(address: str) -> int:
    return int(address.removeprefix("info@winkel").removesuffix(".example"))
