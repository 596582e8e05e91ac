"""A worker that does some of the scheduler's jobs once, and may be killed on its way: told JOB…"""

import os
import sys
from datetime import datetime
from pathlib import Path

from crm.services import Services
from tests.conftest import FakeClock
from tests.crash.installation import JOBS, services_at


def services_told() -> Services:
    """As the environment says; the process leaves its number for whoever wants to kill it."""
    var = Path(os.environ["CRM_VAR"])
    (var / "pid").write_text(str(os.getpid()))
    clock = FakeClock(datetime.fromisoformat(os.environ["CRASH_NOW"]))
    return services_at(var, os.environ["CRM_DATABASE_URL"], int(os.environ["CRASH_SMTP"]), clock)


def main() -> None:
    services = services_told()
    for job in sys.argv[1:]:
        JOBS[job](services, lambda: False)
