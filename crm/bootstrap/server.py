"""The web server: granian, with the program loaded once for all of its processes.

It forks them, so they share what was loaded before: a start takes one loading instead of one each, and a
process that replaces a failed one answers at once. Nothing is opened here; each process makes its own
application, with its own connections, keys and threads, after the fork.
"""

import argparse
import gc

from granian import Granian
from granian.constants import Interfaces

from crm.kernel import logs

THREADS = 64
"""Of one process, at most: each waits for the body of the request it answers, however slowly that comes. Idle
ones end after half a minute. `crm.web.doorkeeper` sees that one client does not take them all."""

SPEAKS_AS_WE_DO = {"formatters": {}, "handlers": {}, "loggers": {"_granian": {"propagate": True}}}
"""What the server says of itself goes where ours goes: a JSON object a line."""

KILL_TIMEOUT = 10  # seconds a process has to finish what it is answering


def load() -> None:
    """Load the program for the processes to come; a collector that looks for garbage meanwhile finds none."""
    gc.disable()
    import crm.bootstrap.web  # noqa: F401, PLC0415 - see above

    gc.freeze()  # a collection in a child would copy every page it looks at
    gc.enable()


def main() -> None:
    """Serve on loopback until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m crm.bootstrap.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    load()
    logs.configure()
    Granian(
        "wsgi:application",
        address="127.0.0.1",
        port=chosen.port,
        interface=Interfaces.WSGI,
        workers=chosen.workers,
        blocking_threads=THREADS,
        websockets=False,
        log_access=False,
        log_dictconfig=SPEAKS_AS_WE_DO,
        workers_kill_timeout=KILL_TIMEOUT,
        respawn_failed_workers=True,
    ).serve()


if __name__ == "__main__":
    main()
