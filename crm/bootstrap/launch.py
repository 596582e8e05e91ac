"""`./scripts/run`: make what is missing, start web and scheduler, stop both cleanly."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm.bootstrap.home import (
    is_current,
    is_settled,
    last_address,
    make_home,
    read_home,
    remember_address,
    take,
)
from crm.bootstrap.parts import (
    CannotStartError,
    Part,
    scheduler,
    stop,
    wait_until_asked,
    wait_until_open,
    web,
)
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.settings import Settings

if TYPE_CHECKING:
    from crm.services import Services

USAGE = 2
_LOCKED = "55P03"
"""SQLSTATE of a lock that was waited for in vain."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./scripts/run", description="Start Produfoto Outreach: the web pages and the scheduler."
    )
    parser.add_argument("--port", type=int, default=8000, help="port on this machine (default 8000)")
    parser.add_argument(
        "--var", type=Path, default=None, metavar="DIR", help="folder for all data (default var)"
    )
    parser.add_argument(  # ./scripts/run looks for it: the demo has a start of its own
        "--demo",
        action="store_true",
        help="the whole job with an invented world instead; --demo --help says more",
    )
    parser.add_argument("--workers", type=int, default=2, help="web processes (default 2)")
    return parser.parse_args(arguments)


def environment(var: Path, port: int, *, more: dict[str, str] | None = None) -> dict[str, str]:
    """Check the port, make the folder, read its settings: what every process of the program is given.

    Raises:
        CannotStartError: with one plain sentence.
    """
    _check_port(port)
    try:
        make_home(var, more=more)
        if not take(var):
            raise CannotStartError(
                f"The program runs in {var} already, at {last_address(var)}. Stop it there, or choose another"
                " folder with --var."
            )
        env = {**read_home(var), **_given()}
        env.setdefault("CRM_BASE_URL", f"http://127.0.0.1:{port}")
        remember_address(var, env["CRM_BASE_URL"])
    except OSError as error:
        raise CannotStartError(
            f"The folder {var} cannot be written ({error.strerror}). Choose another one with --var."
        ) from error
    return env


def _given() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("CRM_")}


def migrated(env: dict[str, str]) -> "Services":
    """The program's services over a database of the newest schema.

    Raises:
        InvalidSettingsError: the settings are not usable.
        CannotStartError: the database is not, with what to do.
    """
    # Here and not above: loading the program takes longer than all else a second start does.
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - see above

    from crm.bootstrap.wiring import build_services, settings_from  # noqa: PLC0415 - see above
    from crm.kernel import schema  # noqa: PLC0415 - see above

    services = build_services(settings_from(env))
    try:
        schema.migrate(services.database)
    except SQLAlchemyError as error:
        raise CannotStartError(_unusable(getattr(error, "orig", None) or error, services)) from error
    return services


def reason_of(env: dict[str, str]) -> str | None:
    """Why the parts ended, if the settings are at fault; a start that goes well need not look so closely."""
    from crm.bootstrap.wiring import check_settings, settings_from  # noqa: PLC0415 - see `migrated`

    try:
        check_settings(settings_from(env))
    except InvalidSettingsError as error:
        return str(error)
    return None


def _unusable(error: BaseException, services: "Services") -> str:
    if getattr(error, "sqlstate", None) == _LOCKED:
        return (
            "The database has to be brought up to date, and something else is using it. Close what uses it"
            " (a terminal, a copy that is being made), then start again. Nothing was changed."
        )
    said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    where = services.settings.var / "crm.db"
    mend = (
        f"Look at {where} and the disk it is on, or lay a copy of it back."
        if services.database.is_sqlite
        else "Is it running, and is CRM_DATABASE_URL right?"
    )
    return f"The database cannot be used: {said}. {mend}"


def prepare(var: Path, port: int, *, more: dict[str, str] | None = None) -> tuple[dict[str, str], "Services"]:
    """Both at once. Raises CannotStartError and InvalidSettingsError."""
    env = environment(var, port, more=more)
    return env, migrated(env)


def open_house(env: dict[str, str]) -> str | None:
    """Bring the database up to date and let the first person in: the link, while nobody has an account.

    Raises:
        InvalidSettingsError: the settings are not usable.
        CannotStartError: the database is not, or nothing can be written to it.
    """
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - see `migrated`

    from crm.workflows.house.open_house import first_link, first_mailbox  # noqa: PLC0415 - see `migrated`

    services = migrated(env)
    try:
        with services.database.transaction() as session:
            first_mailbox(session, services.settings)
            link = first_link(session, services.settings.base_url, at=services.clocks.real())
    except SQLAlchemyError as error:
        raise CannotStartError(_unusable(getattr(error, "orig", None) or error, services)) from error
    services.database.dispose()
    return link


def watch(parts: Sequence[Part]) -> int:
    """Wait for Ctrl-C or for a part to end by itself; 0 after Ctrl-C, 1 otherwise."""
    if ended := wait_until_asked(parts):
        print(f"The {ended.name} process ended by itself; its log says why.", file=sys.stderr)
        return 1
    print("\nStopping…", flush=True)
    return 0


def _check_port(port: int) -> None:
    if not 0 < port < 65536:
        raise CannotStartError(f"{port} is not a port: choose one between 1024 and 65535 with --port.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise CannotStartError(
                f"Port {port} is not open to you on this machine. Choose one from 1024 on with --port."
            ) from error
        except OSError as error:
            raise CannotStartError(
                f"Port {port} is taken on this machine. Choose another one with --port."
            ) from error


def _check_kind(env: dict[str, str]) -> None:
    if env.get("CRM_DEMO") == "yes":
        raise CannotStartError(
            f"{env['CRM_VAR']} holds a demo. Start it with --demo, or choose another folder with --var."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C. 2 when it cannot start, with one plain sentence."""
    chosen = parse(sys.argv[1:] if arguments is None else arguments)
    var = (chosen.var or Path("var")).absolute()
    env: dict[str, str] = {}
    try:
        env = environment(var, chosen.port)
        _check_kind(env)
        settings = Settings.from_env(env)
        link = None if is_current(settings) else open_house(env)
        parts = [web(env, chosen.port, workers=chosen.workers)]
        try:
            if link is None and not is_settled(settings):
                link = open_house(env)  # while the pages come up
            wait_until_open(chosen.port, parts)
            parts.append(scheduler(env))
            print(f"Produfoto Outreach runs at {env['CRM_BASE_URL']}")
            if link:
                print(f"Claim the administrator's account (works once, for 72 hours):\n  {link}")
            print(f"Everything is in {var}. Ctrl-C stops it.", flush=True)
            return watch(parts)
        finally:
            stop(parts)
    except InvalidSettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    except CannotStartError as error:
        print((env and reason_of(env)) or error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:  # before everything ran
        return 0


if __name__ == "__main__":
    sys.exit(main())
