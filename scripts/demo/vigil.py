"""The program as it is delivered, for minutes or hours: `./scripts/run --demo --minutes 10 --faults`.

Granian and two workers over the demo's world with a fast calendar; recipients and colleagues come over HTTP
and by mail. With `--faults` the provider loses answers, and every minute a worker or a web process dies by
`kill -9`. Ends with the long run's verdicts, and with what was measured from outside: memory, open files, the
database's log, every line of every log. 1 when anything is wrong.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import update

from crm.bootstrap import parts
from crm.bootstrap.wiring import build_services, settings_from
from crm.delivery.models import Mailbox
from crm.kernel.clock import real_clock
from crm.workflows.people.import_prospects import import_prospects
from scripts.demo import launch as demo
from scripts.demo import soak
from scripts.demo.fast_calendar import Keeper
from scripts.demo.soak_colleagues import Office
from scripts.demo.soak_judge import Verdicts
from scripts.demo.soak_newcomers import bring_in, enrol_them
from scripts.demo.vigil_gauges import Gauges
from scripts.demo.vigil_life import Vigil, Witnesses
from scripts.demo.vigil_parts import Processes
from scripts.demo.vigil_staff import Colleague

SPEED: Final = 360.0
"""Calendar seconds in a real one: a working day is 80 real seconds."""

_NO_CAP: Final = 100_000


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./scripts/run --demo --minutes N", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="this demo")
    parser.add_argument("--minutes", type=float, default=10, help="of real time (default 10)")
    parser.add_argument("--faults", action="store_true", help="lose answers and kill processes")
    parser.add_argument("--kill-every", type=float, default=60, help="real seconds (default 60)")
    parser.add_argument("--prospects", type=int, default=0, help="so many more than the world has")
    parser.add_argument("--speed", type=float, default=SPEED, help=f"of the calendar (default {SPEED:.0f})")
    parser.add_argument("--var", type=Path, default=None, metavar="DIR", help="a new folder, to be kept")
    parser.add_argument("--seed", type=int, default=1, help="which world, and which faults (default 1)")
    return parser.parse_args(arguments)


def run(chosen: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[tuple[str, str]], Verdicts]:
    """Make the world, start everything, live through it, stop it, judge."""
    ground = soak.prepare(chosen, stack)
    _fill(chosen.prospects, ground.first)
    keeper = Keeper.begin(ground.var, speed=chosen.speed, real=real_clock, starting=timedelta(seconds=4))
    keeper.run()
    stack.callback(keeper.end)
    stack.callback(parts.stop, [demo.image_service(ground.env, ground.state, ground.var)])
    processes = Processes(ground.env, ground.port, faults=chosen.faults)
    stack.callback(processes.stop)
    parts.wait_until_open(ground.port, processes.parts, seconds=60)
    services = build_services(settings_from())  # reads the calendar that has begun
    stack.callback(services.database.dispose)
    chance, url = random.Random(chosen.seed), ground.env["CRM_BASE_URL"]  # noqa: S311 - to be repeated
    vigil = Vigil(
        chosen=chosen,
        services=services,
        crowd=Witnesses(
            ground.var, url, chosen.seed, services.clocks.calendar, chosen.speed, services=services
        ),
        office=Office(services, chance),
        colleague=Colleague(url, random.Random(chosen.seed)),  # noqa: S311 - to be repeated
        processes=processes,
        gauges=Gauges(ground.var / "crm.db-wal"),
        chance=chance,
    )
    vigil.colleague.start()
    try:
        vigil.live()
    finally:
        vigil.colleague.stop()
    vigil.come_to_rest()
    processes.stop()
    return vigil.rows(), vigil.verdicts()


def _fill(count: int, first: datetime) -> None:
    """More prospects than a demo needs; and no day has an end to its mail."""
    services = build_services(settings_from())
    with services.database.transaction() as session:
        session.execute(update(Mailbox).values(daily_cap=_NO_CAP))
    if count:
        file = bring_in(services, services.clocks.calendar(), by=1, count=count, name="all")
        import_prospects(services.intake, file)
        enrol_them(services, first, by=1)
    services.database.dispose()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the report; 1 when anything is wrong."""
    chosen = parse(sys.argv[1:] if arguments is None else arguments)
    with soak.apart() as stack:
        rows, verdicts = run(chosen, stack)
        print(soak.told(rows, verdicts), flush=True)
    return 0 if verdicts.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
