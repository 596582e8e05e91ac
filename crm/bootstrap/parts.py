"""The processes of the program: started, watched and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from crm.kernel.clock import monotonic

PATIENCE = 20.0  # seconds a part has to stop by itself


class CannotStartError(Exception):
    """One plain sentence for whoever typed the command."""


def environ_of(env: dict[str, str]) -> dict[str, str]:
    """What a process of the program is given: the shell's, and the installation's settings.

    Left to itself glibc gives each thread a heap of its own and hands nothing back from it: every thread of
    the scheduler's pool then comes to hold the most that any job ever needed.
    """
    return {"MALLOC_ARENA_MAX": "2", **os.environ, **env}


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


def start(env: dict[str, str], port: int, *, workers: int = 2) -> list[Part]:
    """Start the web server, then the scheduler: pages are there sooner when nothing starts beside them.

    Raises:
        CannotStartError: as `wait_until_open`; nothing of it runs then.
    """
    parts = [web(env, port, workers=workers)]
    try:
        wait_until_open(port, parts)
        parts.append(scheduler(env))
    except BaseException:
        stop(parts)
        raise
    return parts


def scheduler(env: dict[str, str]) -> Part:
    """Start a scheduler."""
    worker = [sys.executable, "-m", "crm.bootstrap.worker"]
    return Part("scheduler", worker, environ_of(env), Path(env["CRM_VAR"]) / "logs")


def web(env: dict[str, str], port: int, *, workers: int) -> Part:
    """Start the web server."""
    server = [sys.executable, "-m", "crm.bootstrap.server", "--port", str(port), "--workers", str(workers)]
    return Part("web", server, environ_of(env), Path(env["CRM_VAR"]) / "logs")


def stop(parts: Sequence[Part]) -> None:
    """Stop every part, all at once; nobody waits for the others."""
    for part in parts:
        if part.process.poll() is None:
            part.process.send_signal(signal.SIGTERM)
    deadline = monotonic() + PATIENCE
    for part in parts:
        part.stop(deadline)


def wait_until_asked(parts: Sequence[Part]) -> Part | None:
    """Wait for Ctrl-C, or for a part to end by itself: that part."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the last: the terminal was closed
        signal.signal(number, ask)
    while not asked:
        ended = next((part for part in parts if part.process.poll() is not None), None)
        if ended:
            return ended
        time.sleep(0.2)
    return None


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
