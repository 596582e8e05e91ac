"""A PostgreSQL server of the tests' own: made in a temporary folder, on loopback, ended with the run."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

SESSIONS_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
"""How many sessions in this database wait for a lock. PostgreSQL shows one transaction the same for ever."""

HOW_TO_GET_IT = "PostgreSQL is not installed here (Debian: apt-get install postgresql)"


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, or None."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(found) if (folder / "postgres").exists()), None)


def _as_postgres(command: list[str]) -> list[str]:
    """The server refuses to run as root; then it runs as the user that Debian made for it."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of a fresh server, without a database name and ending in a slash."""
    folder = binaries()
    if folder is None:
        raise RuntimeError(HOW_TO_GET_IT)
    root = Path(tempfile.mkdtemp(prefix="crm-pg-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(root, account.pw_uid, account.pw_gid)
    data, port = root / "data", _free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    init = [
        str(folder / "initdb"),
        "-D",
        str(data),
        "-U",
        "crm",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    subprocess.run(_as_postgres(init), check=True, **quiet)  # type: ignore[call-overload] # noqa: S603 - our own arguments
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={root} -c max_connections=60"
        # Nobody pulls this server's plug: what is committed need not reach a disk.
        " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    )
    control = [str(folder / "pg_ctl"), "-D", str(data), "-w"]
    start = [*control, "-l", str(root / "log"), "-o", options, "start"]
    try:
        subprocess.run(_as_postgres(start), check=True, **quiet)  # type: ignore[call-overload] # noqa: S603 - our own arguments
        yield f"postgresql+psycopg://crm@127.0.0.1:{port}/"
    finally:
        subprocess.run(_as_postgres([*control, "-m", "immediate", "stop"]), check=False, **quiet)  # type: ignore[call-overload] # noqa: S603 - our own arguments
        shutil.rmtree(root, ignore_errors=True)
