"""The demo's world for ten weeks, with real workers that are killed: `./scripts/run --demo --weeks 10`.

The calendar goes from step to step; at each, every worker does all its jobs once and the recipients act, over
HTTP and by mail. With `--faults` the provider loses answers, and workers die by `kill -9`. A judge of its own
reads the provider's history and what people were told. Ends with a report; 1 when anything is wrong.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from werkzeug.serving import WSGIRequestHandler, make_server

from crm.adapters.maildir import Maildir
from crm.bootstrap import launch, parts
from crm.bootstrap.home import INBOX, SENT
from crm.bootstrap.wiring import build_services, settings_from
from crm.kernel.clock import Clocks, monotonic, real_clock
from crm.services import Services
from crm.web.app import create_app
from crm.web.pixel import make_pixel
from scripts.demo import launch as demo
from scripts.demo.fast_calendar import REACHED, SPEED
from scripts.demo.names import NameServer
from scripts.demo.soak_colleagues import Office
from scripts.demo.soak_judge import Verdicts, judge
from scripts.demo.soak_people import Crowd
from scripts.demo.soak_worker import stepped, write_now
from scripts.demo.soak_workers import Workers

WORKERS: Final = 2
KILLED: Final = 0.25
"""How likely a worker is killed within a step of the day."""

_SAMPLE: Final = timedelta(days=7)


@dataclass
class Report:
    """What came of it."""

    weeks: float
    verdicts: Verdicts
    handed_over: int = 0
    kills: int = 0
    told: int = 0
    states: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[int, int]] = field(default_factory=list)
    """Kibibytes and open files of the worker that nobody kills, at each week's end."""

    def __str__(self) -> str:
        rows = [
            ("weeks", f"{self.weeks:g}"),
            ("hand-overs", str(self.handed_over)),
            ("workers killed", str(self.kills)),
            ("final answers to a no", str(self.told)),
            ("messages", " ".join(f"{name} {count}" for name, count in sorted(self.states.items()))),
            ("memory KiB / files", " ".join(f"{kib}/{files}" for kib, files in self.memory)),
        ]
        return told(rows, self.verdicts)


def told(rows: Iterable[tuple[str, str]], verdicts: Verdicts) -> str:
    """A report's lines, with what is wrong at their end."""
    counts = ((name.replace("_", " "), str(len(found))) for name, found in vars(verdicts).items())
    lines = [f"{name:24} {value}" for name, value in (*rows, *counts)]
    wrong = [f"  {name}: {one}" for name, found in vars(verdicts).items() for one in found[:5]]
    return "\n".join([*lines, *wrong])


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./scripts/run --demo --weeks N", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="this demo")
    parser.add_argument("--weeks", type=float, default=10, help="of the calendar (default 10)")
    parser.add_argument("--faults", action="store_true", help="lose answers and kill workers")
    parser.add_argument("--step", type=int, default=20, help="minutes of an office hour's step (default 20)")
    parser.add_argument("--var", type=Path, default=None, metavar="DIR", help="a new folder, to be kept")
    parser.add_argument("--seed", type=int, default=1, help="which world, and which faults (default 1)")
    return parser.parse_args(arguments)


def moments(first: datetime, weeks: float, *, step: int) -> Iterator[datetime]:
    """The steps: every so many minutes while anybody's office is open, every four hours otherwise."""
    moment, end = first, first + timedelta(weeks=weeks)
    while moment < end:
        yield moment
        open_ = moment.weekday() < 5 and 6 <= moment.hour < 23
        moment += timedelta(minutes=step) if open_ else timedelta(hours=4)


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Who asked for what belongs in no log."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A demo's folder with its world in it, in which nothing runs yet."""

    var: Path
    state: demo.State
    env: dict[str, str]
    port: int
    first: datetime
    """The first morning."""


def prepare(chosen: argparse.Namespace, stack: ExitStack) -> Ground:
    """Make the world."""
    var = (
        chosen.var or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crm-soak-")))
    ).absolute()
    state = demo.prepare_folder(var, chosen.seed)
    names = stack.enter_context(NameServer())
    demo.set_environment(names.port, state.service_port)
    port = demo.free_port()
    env = launch.environment(var, port, more=demo.DEMO)
    os.environ.update(env)
    demo.remember(var, demo.make_world(env, state))
    return Ground(var, state, env, port, datetime.fromisoformat((var / REACHED).read_text()))


def run(chosen: argparse.Namespace, stack: ExitStack) -> Report:
    """Make the world, live through it, judge."""
    ground = prepare(chosen, stack)
    var, env, port, first = ground.var, ground.env, ground.port, ground.first
    write_now(var, first)
    (var / "soak").mkdir(exist_ok=True)
    services = _services(var)
    stack.callback(services.database.dispose)
    pixel = make_pixel(create_app(services), services)
    stack.callback(pixel.writer.close)
    server = make_server("127.0.0.1", port, pixel, threaded=True, request_handler=_Silent)
    server.daemon_threads = True  # type: ignore[attr-defined] # of the threaded kind
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    stack.callback(parts.stop, [demo.image_service(env, ground.state, var)])
    workers = Workers(var, {**os.environ, **env}, faults=chosen.faults)
    stack.callback(workers.close)
    crowd = Crowd(var, env["CRM_BASE_URL"], chosen.seed, services.clocks.calendar, SPEED)
    return _live(chosen, services, workers, crowd, first)


def _services(var: Path) -> Services:
    built = build_services(settings_from())
    return replace(built, clocks=Clocks(calendar=stepped(var), real=real_clock))


def _live(
    chosen: argparse.Namespace, services: Services, workers: Workers, crowd: Crowd, first: datetime
) -> Report:
    chance = random.Random(chosen.seed)  # noqa: S311 - to be repeated, not to be secret
    var, office = services.settings.var, Office(services, chance)
    sent, inbox = Maildir(var / SENT), Maildir(var / INBOX)
    workers.start(WORKERS)
    memory: list[tuple[int, int]] = []
    now, started = first, monotonic()
    for now in moments(first, chosen.weeks, step=chosen.step):
        write_now(var, now)
        if chosen.faults and chance.random() < KILLED:
            workers.kill_one(chance)
        workers.wait_for(now)
        crowd.keep_history(services.database)
        crowd.look(sent)
        while crowd.act(inbox):
            continue
        office.work(now)
        if now - first >= _SAMPLE * (len(memory) + 1):
            memory.append(workers.measured())
            so_far = f"{len(crowd.history)} hand-overs, {monotonic() - started:.0f} s"
            print(f"week {len(memory)}: {so_far}", flush=True)
    for _ in range(4):  # leases end, what a guardrail held goes on, and everything comes to rest
        office.let_go_on(now)
        now += timedelta(minutes=5)
        write_now(var, now)
        workers.wait_for(now)
    crowd.keep_history(services.database)
    verdicts = judge(services.database, crowd.history, crowd.told, office.again, now)
    verdicts.died = workers.died()
    states = office.states()
    return Report(chosen.weeks, verdicts, len(crowd.history), workers.kills, len(crowd.told), states, memory)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the report; 1 when anything is wrong."""
    chosen = parse(sys.argv[1:] if arguments is None else arguments)
    with apart() as stack:
        report = run(chosen, stack)
    print(report, flush=True)
    return 0 if report.verdicts.is_clean else 1


@contextmanager
def apart() -> Iterator[ExitStack]:
    """What a run changes of this process is put back after it; asked to end, it does so in order."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kept = dict(os.environ)
    try:
        with ExitStack() as stack:
            yield stack
    finally:
        os.environ.clear()
        os.environ.update(kept)


if __name__ == "__main__":
    sys.exit(main())
