"""A worker: one scheduler process. Any number may run, on any number of machines."""

import logging
import signal
import sys
import threading
from types import FrameType

from crm.bootstrap.wiring import build_services, settings_from
from crm.kernel import logs
from crm.kernel.errors import InvalidSettingsError
from crm.scheduler.main import run


def main() -> int:
    """Run jobs until SIGTERM or SIGINT; finish what is in hand, then stop."""
    logs.configure()
    try:
        services = build_services(settings_from())
    except InvalidSettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    logging.getLogger(__name__).info("scheduler starts")
    run(services, stop)
    services.mailer.close()
    services.database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
