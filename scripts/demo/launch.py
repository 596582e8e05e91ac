"""`./scripts/run --demo`: the program as it is, an invented world, a fast calendar, lively recipients."""

import argparse
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from crm.bootstrap import launch
from crm.bootstrap.home import INBOX, SENT, SETTINGS, is_settled, read_home
from crm.bootstrap.launch import USAGE
from crm.bootstrap.parts import CannotStartError, Part, start, stop
from crm.kernel.clock import real_clock
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.settings import Settings
from scripts.demo.fast_calendar import ANCHOR, REACHED, SPEED, Keeper, first_morning, go_on_from
from scripts.demo.names import NameServer
from scripts.demo.people import DONE

STATE: Final = "demo.json"
DEMO: Final = {
    "CRM_DEMO": "yes",
    "CRM_CONTROLLER_STREET": "Beeldstraat 12",
    "CRM_TRUSTED_PROXIES": "127.0.0.1",
    "CRM_MAILER": "mailbox",
}
_MADE: Final = (
    *("crm.db", "crm.db-wal", "crm.db-shm", "refusals.journal", ANCHOR, REACHED, DONE),
    *("uploads", "mail", "files", "image-service", "ip-keys"),
)
"""What a half-made world leaves behind."""


@dataclass(frozen=True, slots=True)
class State:
    """What a demo folder remembers of itself."""

    seed: int
    built: bool
    service_port: int


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./scripts/run --demo", description="Start the demo.")
    parser.add_argument("--demo", action="store_true", help="this demo")
    parser.add_argument("--port", type=int, default=8000, help="port on this machine (default 8000)")
    parser.add_argument(
        "--var",
        type=Path,
        default=Path("var/demo"),
        metavar="DIR",
        help="folder for all data (default var/demo)",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=SPEED,
        help=f"calendar seconds in a real one (default {SPEED:.0f}: a working week takes two minutes)",
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="which world, when there is none yet (default 1)"
    )
    parser.add_argument("--workers", type=int, default=2, help="web processes (default 2)")
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.speed <= 100_000:
        parser.error("--speed is a number from 1 to 100000.")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C. 2 when it cannot start, with one plain sentence."""
    chosen = parse(sys.argv[1:] if arguments is None else arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):  # until everything runs: then they are watched for
        signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            return run(chosen, stack)
    except (CannotStartError, InvalidSettingsError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 0


def run(chosen: argparse.Namespace, stack: ExitStack) -> int:
    """Make what is missing, start everything, watch it."""
    var = chosen.var.absolute()
    state = prepare_folder(var, chosen.seed)
    names = stack.enter_context(NameServer())
    set_environment(names.port, state.service_port)
    env = launch.environment(var, chosen.port, more=DEMO)
    is_new = not state.built
    if is_new or not is_settled(Settings.from_env(env)):
        state = make_world(env, state)
    remember(var, state)
    keeper = Keeper.begin(var, speed=chosen.speed, real=real_clock, starting=_time_to_start())
    keeper.run()
    # A new world has leads that wait for it, and their next try would be minutes later. Otherwise after the
    # pages: they are there sooner when nothing else starts beside them.
    parts = [image_service(env, state, var)] if is_new else []
    try:
        parts += start(env, chosen.port, workers=chosen.workers)
        parts += [] if is_new else [image_service(env, state, var)]
        parts.append(_people(env, state, var))
        _say(env["CRM_BASE_URL"], var, chosen.speed)
        return launch.watch(parts)
    finally:
        stop(parts)
        keeper.end()


def _time_to_start() -> timedelta:
    """How long everything takes to come up: longer on a machine that is busy with other things."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return timedelta(seconds=min(4 * max(busy, 1), 20))


def make_world(env: dict[str, str], state: State) -> State:
    """Bring the database up to date, and make the world where there is none."""
    services, var = launch.migrated(env), Path(env["CRM_VAR"])
    if not state.built:
        from scripts.demo.world import build  # noqa: PLC0415 - a second start needs none of it

        print("Making the demo's world (once, some seconds)…", flush=True)
        morning = first_morning(real_clock().date())
        build(services, var, seed=state.seed, first_morning=morning)
        go_on_from(var, morning)
    services.database.dispose()
    return replace(state, built=True)


def image_service(env: dict[str, str], state: State, var: Path) -> Part:
    """The image service's stand-in."""
    command = [
        *(sys.executable, "-m", "scripts.image_service", "--port", str(state.service_port)),
        *("--crm", env["CRM_BASE_URL"], "--secret-file", str(var / "keys" / "image_service")),
        *("--data", str(var / "image-service")),
    ]
    return Part("image-service", command, {**os.environ, **env}, var / "logs")


def _people(env: dict[str, str], state: State, var: Path) -> Part:
    """The recipients."""
    command = [
        *(sys.executable, "-m", "scripts.demo.people", "--var", str(var), "--base", env["CRM_BASE_URL"]),
        *("--seed", str(state.seed), "--sent", str(var / SENT), "--inbox", str(var / INBOX)),
    ]
    return Part("people", command, {**os.environ, **env}, var / "logs")


def prepare_folder(var: Path, seed: int | None) -> State:
    """What the folder remembers, or a fresh start; a half-made world is made anew.

    Raises:
        CannotStartError: it holds something else, or another world.
    """
    if (var / SETTINGS).exists() and read_home(var).get("CRM_DEMO") != "yes":
        raise CannotStartError(
            f"{var} holds a real installation, not a demo. Choose another folder with --var."
        )
    kept = read_state(var)
    if kept is not None and kept.built:
        if seed not in {None, kept.seed}:
            raise CannotStartError(
                f"The world in {var} was made with --seed {kept.seed}. Choose another folder with --var."
            )
        return kept if _is_free(kept.service_port) else replace(kept, service_port=free_port())
    for name in _MADE if (var / SETTINGS).exists() else ():
        path = var / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return State(seed=1 if seed is None else seed, built=False, service_port=free_port())


def read_state(var: Path) -> State | None:
    """What a folder remembers; None when it is no demo yet, or cannot be read."""
    try:
        return State(**json.loads((var / STATE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def remember(var: Path, state: State) -> None:
    """Keep it for the next start."""
    fresh = var / f"{STATE}.tmp"
    fresh.write_text(json.dumps(asdict(state)) + "\n")
    fresh.replace(var / STATE)


def set_environment(name_port: int, service_port: int) -> None:
    """Only the demo's own settings: whatever the shell says, nothing here leaves the machine."""
    for name in [name for name in os.environ if name.startswith("CRM_")]:
        del os.environ[name]
    os.environ["CRM_NAME_SERVER"] = f"127.0.0.1:{name_port}"
    os.environ["CRM_IMAGE_SERVICE_URL"] = f"http://127.0.0.1:{service_port}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _say(base_url: str, var: Path, speed: float) -> None:
    print(f"The demo runs at {base_url}")
    print("Everybody in it is invented. Enter as one of the team by the button on the first page.")
    print(
        f"The calendar runs {speed:,.0f} times as fast as the clock; the mails are real, and stay in {var}."
    )
    print(f"To try an import: {var / 'files'} holds new-webshops.csv.")
    print("Ctrl-C stops it; the next start goes on where it was.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
