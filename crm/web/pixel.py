"""The open pixel: a small WSGI function in front of Flask (D19).

Whatever is asked for under `/o/`, the answer is the same 43 bytes: to a known token and an unknown one, of a
person who objected, with the database busy or gone. Only a GET of a valid token leaves anything behind.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from crm.kernel.errors import InvalidLinkError
from crm.queries.inbox.openings import Register
from crm.services import Services
from crm.tracking.addresses import IpAddress, IpDigest, IpPurpose, client_address, ip_digest
from crm.tracking.machines import HEADERS, LONGEST_AGENT, Hints, classify, network_of
from crm.tracking.openings import Fetch, Visit
from crm.tracking.visits import Visits
from crm.tracking.writer import BatchWriter, close_at_exit
from crm.web.headers import BARE
from crm.workflows.reports.note_openings import Noting, note_openings

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

PREFIX: Final = "/o/"
PAGE: Final = "/u/"
"""Where the unsubscribe page is: a scanner fetches it together with the pixel."""

GIF: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""A transparent dot, 43 bytes of GIF89a."""

ANSWER: Final = (
    ("Content-Type", "image/gif"),
    ("Content-Length", str(len(GIF))),
    ("Cache-Control", "no-store, no-cache, max-age=0, private"),
    ("Pragma", "no-cache"),
    ("X-Robots-Tag", "noindex"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    *BARE,
)
"""Standards §4.3. No cookie, no redirect, nothing that tells two tokens apart."""

_AN_HOUR: Final = timedelta(hours=1)
_ASKED: Final = tuple((name, "HTTP_" + name.upper().replace("-", "_")) for name in HEADERS)


class Pixel:
    """Answers pixels, hands everything else on."""

    def __init__(
        self, app: WsgiApp, services: Services, writer: BatchWriter[Fetch | Visit], visits: Visits
    ) -> None:
        self._app = app
        self._links = services.links
        self._clocks = services.clocks
        self._keys = services.ip_keys
        self._proxies = services.proxies
        self.writer = writer
        self.visits = visits
        self._is_demo = services.clocks.calendar is not services.clocks.real
        self._looked_at = self._clocks.real()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path: str = environ.get("PATH_INFO", "")
        method = environ.get("REQUEST_METHOD")
        if not path.startswith(PREFIX) or method not in {"GET", "HEAD"}:
            self._let_keys_die(self._clocks.real())
            if path.startswith(PAGE) and method in {"GET", "HEAD"}:
                self._note_page(path[len(PAGE) :])
            return self._app(environ, start_response)
        if method == "GET":
            self._note(environ, path[len(PREFIX) :])
        start_response("200 OK", list(ANSWER))
        return [GIF] if method == "GET" else []

    def _note(self, environ: Environ, name: str) -> None:
        try:
            pixel = self._links.read_pixel(name.removesuffix(".gif"))
        except InvalidLinkError:
            return
        asked = {header: environ[key] for header, key in _ASKED if key in environ}
        if asked and classify("GET", asked, "", None, Hints()) is None:
            return  # fetched ahead, or by somebody whose browser asks not to be measured
        peer = environ.get("REMOTE_ADDR", "")
        address = client_address(peer, environ.get("HTTP_X_FORWARDED_FOR"), self._proxies)
        real_at = self._clocks.real()
        self._let_keys_die(real_at)
        self.writer.add(
            Fetch(
                pixel=pixel,
                at=self._calendar(real_at).replace(microsecond=0),
                real_at=real_at,
                agent=environ.get("HTTP_USER_AGENT", "")[:LONGEST_AGENT],
                place=self._place(address, real_at),
                network=network_of(address),
            )
        )

    def _note_page(self, token: str) -> None:
        """Remember in memory that the page was asked for; an opening just before was a machine's."""
        with suppress(InvalidLinkError):
            message = self._links.read_unsubscribe(token).message
            at = self._clocks.real()
            self.visits.note(message, at)
            self.writer.add(Visit(message, self._calendar(at)))

    def _calendar(self, real_at: datetime) -> datetime:
        return self._clocks.calendar() if self._is_demo else real_at

    def _let_keys_die(self, real_at: datetime) -> None:
        """Once an hour: a key that is past its life must not live on in this process's memory (D5)."""
        if real_at - self._looked_at < _AN_HOUR:
            return
        self._looked_at = real_at
        with suppress(OSError):
            self._keys.destroy_old(real_at)

    def _place(self, address: IpAddress | None, real_at: datetime) -> IpDigest | None:
        """The address as this day's digest; none when there is no key to be had (a full disk)."""
        if address is None:
            return None
        with suppress(OSError):
            return ip_digest(address, self._keys.key(IpPurpose.OUTREACH, real_at), IpPurpose.OUTREACH)
        return None


def make_pixel(app: WsgiApp, services: Services, visits: Visits | None = None) -> Pixel:
    """Put the pixel in front of an app. Its writer is closed on every orderly stop of the process.

    `visits` is what the processes of one server share; none when this is the only one.
    """
    shared = visits or Visits()
    noting = Noting(Register(services.settings.keys.addresses), services.clocks.speed, visits=shared)

    def write(noted: Sequence[Fetch | Visit]) -> None:
        note_openings(services.database, noting, noted)

    writer = BatchWriter(write)
    close_at_exit(writer)
    return Pixel(app, services, writer, shared)
