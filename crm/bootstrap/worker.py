"""A worker: one scheduler process. Any number may run, on any number of machines."""

import logging
import signal
import sys
import threading
from types import FrameType

from crm.bootstrap.wiring import build_services, check_keys, settings_from
from crm.kernel import logs
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.faults import point
from crm.scheduler.main import run
from crm.services import Services
from crm.workflows.refusals.restore_refusals import restore_refusals


def look_back(services: Services) -> None:
    """Before anything leaves: a database that was restored learns the refusals it has forgotten (D7)."""
    restore_refusals(
        services.database, services.settings.keys.addresses, services.journal, at=services.clocks.calendar()
    )


def main() -> int:
    """Run jobs until SIGTERM or SIGINT; finish what is in hand, then stop."""
    logs.configure()
    try:
        services = build_services(settings_from())
        check_keys(services)
        look_back(services)
    except InvalidSettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    point("startup.mid")
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    logging.getLogger(__name__).info("scheduler starts")
    run(services, stop)
    point("shutdown.mid")
    services.mailer.close()
    services.inbox.close()
    services.database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
