"""A process that does one thing in a world that is ready for it, and may die at it."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from crm.kernel.addresses import EmailAddress
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.scheduler.jobs import timetable
from crm.services import Services
from crm.web.app import create_app
from crm.workflows.refusals.export_person import House, export_person
from tests import world
from tests.conftest import FakeClock
from tests.workflows.reports.reported import ANN

_JOBS = {job.name: job.work for job in timetable(1.0)}


def _job(name: str) -> Callable[[Services], object]:
    return lambda services: _JOBS[name](services, lambda: False)


def _post(services: Services) -> None:
    headers = json.loads(os.environ["POST_HEADERS"])
    client = create_app(services).test_client()
    answer = client.post(os.environ["POST_PATH"], data=sys.stdin.buffer.read(), headers=headers)
    sys.stdout.write(str(answer.status_code))


def _export(services: Services) -> None:
    settings = services.settings
    ring = settings.keys.addresses
    house = House(ring, settings.controller, settings.retention_months)
    key = (ring.digest(EmailAddress.parse(ANN)), ring.version)
    with services.database.transaction() as session:
        copy = export_person(session, house, key, at=services.clocks.calendar())
    sys.stdout.write(json.dumps(copy))


ACTS: Mapping[str, Callable[[Services], object]] = MappingProxyType(
    {
        "apply_events": _job("apply_events"),
        "export": _export,
        "finish_erasures": _job("finish_erasures"),
        "guard": _job("guard"),
        "plan": _job("plan"),
        "post": _post,
        "retire_people": _job("retire_people"),
    }
)


def environment(services: Services, now: datetime) -> dict[str, str]:
    """What it has to be told."""
    settings = services.settings
    return {
        "CRM_VAR": str(settings.var),
        "CRM_DATABASE_URL": settings.database_url,
        "CRASH_NOW": now.isoformat(),
    }


def main() -> None:
    clock = FakeClock(datetime.fromisoformat(os.environ["CRASH_NOW"]))
    settings = world.settings(Path(os.environ["CRM_VAR"]), os.environ["CRM_DATABASE_URL"])
    database = Database(settings.database_url)
    ACTS[sys.argv[1]](world.services(settings, database, Clocks(clock, clock)))
    database.dispose()
