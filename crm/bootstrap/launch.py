"""`./scripts/run`: make what is missing, start web and scheduler, stop both cleanly."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING

from crm.bootstrap.home import is_settled, make_home, read_home
from crm.kernel.clock import monotonic
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.settings import Settings

if TYPE_CHECKING:
    from crm.services import Services

PATIENCE = 20.0  # seconds a part has to stop by itself
USAGE = 2


class CannotStartError(Exception):
    """One plain sentence for whoever typed the command."""


class Part:
    """One process of the program, with a log of its own."""

    def __init__(self, name: str, command: Sequence[str], env: dict[str, str], logs: Path) -> None:
        self.name = name
        self._log: IO[bytes] = (logs / f"{name}.log").open("ab")
        # A session of its own: Ctrl-C reaches this program only, which then stops the parts in order.
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            list(command), env=env, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def stop(self, deadline: float) -> None:
        """Ask, wait, and only then insist."""
        try:
            self.process.wait(max(deadline - monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._log.close()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./scripts/run", description="Start Produfoto Outreach: the web pages and the scheduler."
    )
    parser.add_argument("--port", type=int, default=8000, help="port on this machine (default 8000)")
    parser.add_argument("--var", type=Path, default=None, metavar="DIR", help="folder for all data")
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
        env = {**read_home(var), **{k: v for k, v in os.environ.items() if k.startswith("CRM_")}}
    except OSError as error:
        raise CannotStartError(
            f"The folder {var} cannot be written ({error.strerror}). Choose another one with --var."
        ) from error
    env.setdefault("CRM_BASE_URL", f"http://127.0.0.1:{port}")
    return env


def migrated(env: dict[str, str]) -> "Services":
    """The program's services over a database of the newest schema.

    Raises:
        InvalidSettingsError: the settings are not usable.
    """
    # Here and not above: loading the program takes longer than all else a second start does.
    from crm.bootstrap.wiring import build_services, settings_from  # noqa: PLC0415 - see above
    from crm.kernel import schema  # noqa: PLC0415 - see above

    services = build_services(settings_from(env))
    schema.migrate(services.database)
    return services


def prepare(var: Path, port: int, *, more: dict[str, str] | None = None) -> tuple[dict[str, str], "Services"]:
    """Both at once. Raises CannotStartError and InvalidSettingsError."""
    env = environment(var, port, more=more)
    return env, migrated(env)


def open_house(env: dict[str, str]) -> str | None:
    """Bring the database up to date and let the first person in: the link, while nobody has an account.

    Raises:
        InvalidSettingsError: the settings are not usable.
    """
    from crm.workflows.open_house import first_link, first_mailbox  # noqa: PLC0415 - see `migrated`

    services = migrated(env)
    with services.database.transaction() as session:
        first_mailbox(session, services.settings)
        link = first_link(session, services.settings.base_url, at=services.clocks.real())
    services.database.dispose()
    return link


def start(env: dict[str, str], port: int, *, workers: int = 2) -> list[Part]:
    """Start the web server and the scheduler."""
    whole, logs = {**os.environ, **env}, Path(env["CRM_VAR"]) / "logs"
    granian = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "4", "--no-ws", "--no-access-log",
        "--workers-kill-timeout", "10", "--respawn-failed-workers", "wsgi:application",
    ]  # fmt: skip
    return [
        Part("web", granian, whole, logs),
        Part("scheduler", [sys.executable, "-m", "crm.bootstrap.worker"], whole, logs),
    ]


def stop(parts: Sequence[Part]) -> None:
    """Stop every part, all at once; nobody waits for the others."""
    for part in parts:
        if part.process.poll() is None:
            part.process.send_signal(signal.SIGTERM)
    deadline = monotonic() + PATIENCE
    for part in parts:
        part.stop(deadline)


def watch(parts: Sequence[Part]) -> int:
    """Wait for Ctrl-C or for a part to end by itself; 0 after Ctrl-C, 1 otherwise."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the last: the terminal was closed
        signal.signal(number, ask)
    while not asked:
        ended = next((part for part in parts if part.process.poll() is not None), None)
        if ended:
            print(f"The {ended.name} process ended by itself; its log says why.", file=sys.stderr)
            return 1
        time.sleep(0.2)
    print("\nStopping…", flush=True)
    return 0


def wait_until_open(port: int, parts: Sequence[Part], *, seconds: float = 30.0) -> None:
    """Return once the port answers.

    Raises:
        CannotStartError: a part ended, or it took too long.
    """
    deadline = monotonic() + seconds
    while monotonic() < deadline and all(part.process.poll() is None for part in parts):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise CannotStartError("The program did not start. The files in logs/ under its folder say why.")


def _check_port(port: int) -> None:
    if not 0 < port < 65536:
        raise CannotStartError(f"{port} is not a port: choose one between 1024 and 65535 with --port.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStartError(
                f"Port {port} is taken on this machine. Choose another one with --port."
            ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C. 2 when it cannot start, with one plain sentence."""
    chosen = parse(sys.argv[1:] if arguments is None else arguments)
    var = (chosen.var or Path("var")).absolute()
    try:
        env = environment(var, chosen.port)
        link = None if is_settled(Settings.from_env(env)) else open_house(env)
        parts = start(env, chosen.port, workers=chosen.workers)
        try:
            wait_until_open(chosen.port, parts)
            print(f"Produfoto Outreach runs at {env['CRM_BASE_URL']}")
            if link:
                print(f"Claim the administrator's account (works once, for 72 hours):\n  {link}")
            print(f"Everything is in {var}. Ctrl-C stops it.", flush=True)
            return watch(parts)
        finally:
            stop(parts)
    except (CannotStartError, InvalidSettingsError) as error:
        print(error, file=sys.stderr)
        return USAGE


if __name__ == "__main__":
    sys.exit(main())
