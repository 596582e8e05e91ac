"""The command line."""

import gc
import os
import sys
from pathlib import Path

from crm.bootstrap.home import last_address, make_home, read_home
from crm.bootstrap.wiring import build_services, check_keys, settings_from
from crm.cli.context import Roof
from crm.cli.main import run
from crm.services import Services

COLLECT_AFTER = 20_000
"""Objects made before the collector looks for cycles; a batch of rows makes some tens of thousands."""


def open_home(var: Path) -> Services:
    """The installation in a folder, as its settings and the environment say.

    Raises:
        InvalidSettingsError, OSError: they cannot be read.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith("CRM_")}
    env = {**read_home(var), **given, "CRM_VAR": str(var)}
    env.setdefault("CRM_BASE_URL", last_address(var))
    services = build_services(settings_from(env))
    check_keys(services)
    return services


def settle_in() -> None:
    """Tell the collector that what is loaded by now stays: walking it anew costs an import a fifth."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 50, 100)


def main() -> int:
    """Run one command; 2 for a mistake in how it was called, 1 when it could not be done."""
    settle_in()
    return run(sys.argv[1:], Roof(make=make_home, open=open_home))


if __name__ == "__main__":
    sys.exit(main())
