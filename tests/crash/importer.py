"""A worker that imports one file, and may be killed on its way: told VAR, URL and IMPORT."""

import sys
from pathlib import Path

from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.workflows.people.import_prospects import import_prospects
from tests import world
from tests.conftest import FakeClock
from tests.imports import intake_of


def main() -> None:
    var, url, import_id = sys.argv[1:]
    clock = FakeClock()
    settings = world.settings(Path(var), url)
    services = world.services(settings, Database(url), Clocks(calendar=clock, real=clock))
    import_prospects(intake_of(services), int(import_id))
