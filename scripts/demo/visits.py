"""What the demo's recipients do over HTTP, as their programs would: real requests, invented places."""

import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import urlencode, urlsplit

from scripts.demo.cast import HERE
from scripts.demo.chance import between, pick, share
from scripts.demo.letter import Letter, is_here
from scripts.demo.temper import Device

_PERSONS: Final = tuple((HERE / "agents.txt").read_text("ascii").splitlines())
"""What people read their mail with."""

_GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_APPLE: Final = "Mozilla/5.0"
_FORM: Final = "application/x-www-form-urlencoded"
_GATEWAY: Final = "198.51.100.200"
_PROXIES: Final = {Device.GMAIL: "203.0.113.200", Device.APPLE: "203.0.113.201"}
_NETWORKS: Final = ("192.0.2", "198.51.100", "203.0.113")
_CHOICES: Final = re.compile(r'<input type="radio" name="choice"[^>]* value="(\w+)"')
_MONTHS: Final = re.compile(r'<option value="(\d{4}-\d\d)"')
_ACTION: Final = re.compile(r'<form method="?post"?(?: action="([^"]+)")?')
_HIDDEN: Final = re.compile(r'<input type="?hidden"? name="?(\w+)"? value="([^"]*)"')
_PATIENCE: Final = 10.0  # seconds
_BREATH: Final = 0.02
"""Seconds between two requests: at most fifty in a second, whatever piled up."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a page said."""

    status: int
    text: str
    location: str
    """Where it leads on; empty when it does not."""


@dataclass(slots=True)
class Browser:
    """One person's, or one machine's, requests."""

    place: str
    """The address that our proxy says they come from."""

    agent: str
    base_url: str
    seen: list[int] = field(default_factory=list)
    """Every status so far, for the log."""

    def ask(self, link: str, *, method: str = "GET", form: Mapping[str, str] | None = None) -> Answered:
        """Send one request to this machine; never anywhere else.

        Raises:
            OSError, http.client.HTTPException: nobody answered.
            ValueError: the link leads elsewhere.
        """
        if not is_here(link):
            raise ValueError("the demo's people stay on this machine")
        parts = urlsplit(link)
        time.sleep(_BREATH)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE)
        headers = {"User-Agent": self.agent, "X-Forwarded-For": self.place}
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), _FORM
        try:
            connection.request(method, parts._replace(scheme="", netloc="").geturl() or "/", body, headers)
            answer = connection.getresponse()
            text = answer.read(200_000).decode("utf-8", "replace")
        finally:
            connection.close()
        self.seen.append(answer.status)
        location = answer.getheader("Location", "")
        return Answered(answer.status, text, _absolute(link, location) if location else "")

    def at_home(self, link: str) -> str:
        """The same page of the CRM at today's port: mail that is days old was written for another one."""
        parts = urlsplit(self.base_url)
        return urlsplit(link)._replace(scheme=parts.scheme, netloc=parts.netloc).geturl()


def place_of(seed: int, recipient: str) -> str:
    """Where somebody sits: an address for documentation (RFC 5737, RFC 3849), for each their own."""
    if share(seed, recipient, "v6") < 0.3:
        parts = (f"{between(1, 0xFFFF, seed, recipient, 'v6', part):x}" for part in range(2))
        return f"2001:db8:{':'.join(parts)}::{between(1, 0xFFFF, seed, recipient, 'host'):x}"
    return f"{pick(_NETWORKS, seed, recipient, 'net')}.{between(1, 190, seed, recipient, 'host')}"


def reader(seed: int, recipient: str, base_url: str, device: Device = Device.BROWSER) -> Browser:
    """Whatever shows somebody their mail, or the proxy that does it for them."""
    if device is Device.BROWSER:
        return Browser(place_of(seed, recipient), pick(_PERSONS, seed, recipient, "agent"), base_url)
    return Browser(_PROXIES[device], _GMAIL if device is Device.GMAIL else _APPLE, base_url)


def scan(letter: Letter, base_url: str) -> Browser:
    """A gateway looks at every link of a mail, with HEAD and with GET. Nothing may happen by that."""
    gateway = Browser(_GATEWAY, _PERSONS[0], base_url)
    for link in letter.links:
        gateway.ask(gateway.at_home(link), method="HEAD")
        gateway.ask(gateway.at_home(link))
    return gateway


def show(browser: Browser, letter: Letter) -> None:
    """Show the mail, pictures and all."""
    if letter.pixel:
        browser.ask(browser.at_home(letter.pixel))


def press(browser: Browser, letter: Letter) -> None:
    """Press the mail program's own button (RFC 8058)."""
    browser.ask(browser.at_home(letter.one_click), method="POST", form={"List-Unsubscribe": "One-Click"})


def choose(browser: Browser, letter: Letter, wanted: str) -> None:
    """Open the page behind the link and send its form with a choice."""
    here = browser.at_home(letter.one_click)
    page = browser.ask(here)
    filled = filled_form(page.text, wanted) if page.status == 200 else None
    if filled is not None:
        action, form = filled
        browser.ask(_absolute(here, action), method="POST", form=form)


def filled_form(markup: str, wanted: str) -> tuple[str, dict[str, str]] | None:
    """Where the unsubscribe page's form goes, and what is sent; None when the page has none.

    Where the wanted choice is not offered, the first one is taken.
    """
    offered, months, action = _CHOICES.findall(markup), _MONTHS.findall(markup), _ACTION.search(markup)
    if not offered or action is None:
        return None
    form = {"choice": wanted if wanted in offered else offered[0]}
    if form["choice"] == "later" and months:
        form["month"] = months[min(2, len(months) - 1)]
    return unescape(action[1] or ""), form


def sign_up(browser: Browser, letter: Letter) -> str:
    """Through our page to the image service, and through its form; the address of the new account."""
    start = browser.at_home(letter.start)
    if browser.ask(start).status != 200:
        return ""
    service = browser.ask(start, method="POST", form={}).location
    if not service or not is_here(service):
        return ""
    page = browser.ask(service)
    fields = hidden_fields(page.text)
    if page.status != 200 or not fields:
        return ""
    return browser.ask(service, method="POST", form=fields).location


def hidden_fields(markup: str) -> dict[str, str]:
    """What a form sends along unseen."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(markup)}


def _absolute(base: str, target: str) -> str:
    parts = urlsplit(target)
    if parts.netloc:
        return target
    return urlsplit(base)._replace(path=parts.path or urlsplit(base).path, query=parts.query).geturl()
