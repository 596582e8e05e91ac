"""Nobody holds every door: how many requests with a body one place on the net may have open at once.

The server reads a body in the thread that answers, for as long as its client takes to send it. Whoever sent
the first half of many would otherwise keep all threads, and a prospect's no would wait outside.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from crm.services import Services
from crm.tracking.addresses import IpPurpose, client_address, ip_digest
from crm.web.headers import BARE

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

MOST: Final = 16
"""Requests of one place in one process: a quarter of its threads (`crm.bootstrap.server`)."""

_UNKNOWN: Final = "unknown"
_SAYS: Final = b"Too many requests from your network are open at once. Try again in a few seconds.\n"


class Doorkeeper:
    """Counts the requests with a body by place, and turns away what is too many of one."""

    def __init__(self, app: WsgiApp, services: Services) -> None:
        """Stand before an app."""
        self._app = app
        self._services = services
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer 429 for the place, without reading, or pass the request on."""
        if environ.get("CONTENT_LENGTH") in {None, "", "0"} and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._app(environ, start_response)
        place = self._place(environ)
        with self._lock:
            is_let_in = self._inside[place] < MOST
            self._inside[place] += is_let_in
        if not is_let_in:
            status = HTTPStatus.TOO_MANY_REQUESTS
            headers = [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(_SAYS))),
                ("Retry-After", "5"),
                ("Cache-Control", "no-store"),
                *BARE,
                ("Connection", "close"),
            ]
            start_response(f"{status.value} {status.phrase}", headers)
            return [_SAYS]
        try:
            return self._app(environ, start_response)
        finally:
            with self._lock:
                self._inside[place] -= 1
                if not self._inside[place]:
                    del self._inside[place]

    def _place(self, environ: Environ) -> str:
        """A name for the client's network that leads nowhere (P41); one for all while there is no key for it.

        On a full disk the day's key cannot be made, and the page behind must still say what was not saved.
        """
        at = self._services
        address = client_address(
            environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR"), at.proxies
        )
        if address is None:
            return _UNKNOWN
        with suppress(OSError):
            return ip_digest(address, at.ip_keys.key(IpPurpose.LIMITS, at.clocks.real()), IpPurpose.LIMITS)
        return _UNKNOWN
