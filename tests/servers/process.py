"""A server from Debian as a child of the tests: a private configuration, ended by its own number."""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm.kernel.clock import monotonic

USER = "nobody"
"""Who owns mail boxes in the tests: neither root nor anybody with files of their own."""

_START = 30.0  # seconds; machines are shared
_PAUSE = 0.05


@dataclass(frozen=True)
class Need:
    """A program that a test cannot do without."""

    program: str
    package: str
    as_root: bool = False

    @property
    def how_to_get_it(self) -> str:
        """Empty when it is here."""
        if find(self.program) is None:
            return f"{self.program} is not installed here (Debian: apt-get install {self.package})"
        if self.as_root and os.geteuid() != 0:
            return f"{self.program} can be started by root only; run the tests as root, in a container say"
        return ""


POSTFIX = Need("postfix", "postfix", as_root=True)
OPENDKIM = Need("opendkim", "opendkim opendkim-tools")
DOVECOT = Need("dovecot", "dovecot-imapd")


def find(program: str) -> str | None:
    """Where a program is; servers lie outside the path of ordinary people."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")


def demand(*needs: Need) -> None:
    """End the test when something is missing: said aloud on a developer's machine, a failure in CI."""
    missing = "; ".join(filter(None, (need.how_to_get_it for need in needs)))
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that a server under another account may enter."""
    path = Path(tempfile.mkdtemp(prefix="crm-mail-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def account(user: str = USER) -> tuple[str, str]:
    """The account that servers run under, and its group: ours where we are not root."""
    entry = pwd.getpwnam(user) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name


def owned(path: Path, user: str = USER) -> Path:
    """A file, or a folder made where there is none, that belongs to an account; to us if we are not root."""
    if not path.exists():
        path.mkdir(parents=True)
    if os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


def as_user(command: Sequence[str], user: str = USER) -> list[str]:
    """The command under that account, where we may choose."""
    if os.geteuid() == 0:
        return ["/usr/sbin/runuser", "-u", user, "--", *command]
    return list(command)


class Process:
    """A child and what it said."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as said:
            self._child = subprocess.Popen(  # noqa: S603 - our own arguments
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Raises RuntimeError, with what it said, when it ends before or takes too long."""
        end = monotonic() + _START
        while not ready():
            if self._child.poll() is not None or monotonic() > end:
                raise RuntimeError(f"The server did not start.\n{self.said()}")
            threading.Event().wait(_PAUSE)

    def said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self, master: Path | None = None) -> None:
        """Ask it to end; then end it, with what it started: the session is its own.

        `master` names a process that made itself a session of its own: Postfix's does.
        """
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((master or Path(os.devnull)).read_text()), signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(2)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait(10)


def greets(port: int, hello: bytes = b"") -> bool:
    """Tell whether somebody answers there, with these words first."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(2)
            return connection.recv(len(hello)) == hello if hello else True
    except OSError:
        return False
