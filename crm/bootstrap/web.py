"""The web process: what a WSGI server serves."""

import gc
import logging
import sys
from typing import TYPE_CHECKING, Final

from crm.bootstrap.wiring import build_services, check_keys, settings_from
from crm.kernel import logs
from crm.tracking.visits import Visits
from crm.web.app import create_app
from crm.web.doorkeeper import Doorkeeper
from crm.web.pixel import make_pixel

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

VISITS: Final = Visits()
"""Made when this is loaded, which is before the server forks: its processes share it."""

_TURN: Final = 0.02
"""Seconds a thread may go on before another's turn. At the default of 5 ms the thread that judges a batch of
openings and those that answer pixels wake each other for nothing: a third more work for each opening."""


def make_application() -> "WSGIApplication":
    """The whole program behind HTTP: the pixel in front, the pages behind it.

    Raises:
        InvalidSettingsError: the environment is not usable.
    """
    logs.configure()
    services = build_services(settings_from())
    check_keys(services)
    logging.getLogger(__name__).info("web starts", extra={"mailer": services.settings.mailer.value})
    application = make_pixel(Doorkeeper(create_app(services), services), services, VISITS)
    sys.setswitchinterval(_TURN)
    gc.freeze()  # what is loaded stays as long as the process: the collector need not walk it
    return application
