"""A worker as delivered, whose provider is not always well: `python -m scripts.demo.vigil_worker`."""

import random
import sys
from dataclasses import replace
from typing import Final

from crm.bootstrap import worker
from crm.bootstrap.wiring import build_services
from crm.kernel.settings import Settings
from crm.services import Services
from scripts.demo.soak_worker import HISTORY, Moody

FAULTS: Final = "--faults"


def _services(settings: Settings) -> Services:
    services = build_services(settings)
    moody = Moody(
        inner=services.mailer,
        history=settings.var / HISTORY,
        clock=services.clocks.calendar,
        chance=random.Random(),  # noqa: S311 - a provider's moods are no secret
        faults=FAULTS in sys.argv,
    )
    return replace(services, mailer=moody)


if __name__ == "__main__":
    setattr(worker, "build_services", _services)  # noqa: B010 - the one part of it that is not as delivered
    sys.exit(worker.main())
