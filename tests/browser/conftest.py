"""Chromium before the real program: each page in both themes, wide and narrow, seen by axe and by eye."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from crm.kernel import keys
from scripts import design_page
from tests.journeys.conftest import mail_domains, world  # noqa: F401 - a fixture of the tests beside it
from tests.journeys.office import Office, open_office, served
from tests.journeys.visitor import Visitor
from tests.servers.dns import DnsServer
from tests.servers.stand_in import StandIn

HERE = Path(__file__).parent
IN_CI = os.environ.get("CI") == "true"
SHOTS = os.environ.get("CRM_SHOTS")
"""A folder to keep the pictures in; otherwise only what failed is photographed, in the test's own folder."""

_DUE = (
    "the server responded with a status of 4",  # looked at where it is due
    "/o/",  # our own pixel, which a colleague's look at a mail must not fetch
)
"""What the browser complains about, and should."""

_SETTLED = "for (const one of document.getAnimations()) { try { one.finish() } catch {} }"
"""Colours on their way from one theme to the other are in neither."""

_MOVES = (
    "(style => style.transitionProperty !== 'none' && style.transitionDuration !== '0s')"
    "(getComputedStyle(document.body))"
)
"""However short: on everything, a transition runs down the tree where colours are inherited."""

WIDE, PHONE = (1440, 900), (390, 844)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium these say so; in CI they fail at the first start of it."""
    if IN_CI or Path(design_page.CHROMIUM).exists():
        return
    skip = pytest.mark.skip(reason="Chromium is not installed (Debian: apt-get install chromium)")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    """The program with the mailbox mailer, as a new installation has it."""
    var = tmp_path / "var"
    keys.make_missing(var / "keys")
    secrets = (var / "keys" / "image_service").read_text().split()
    with served() as server, DnsServer(mail_domains()) as names:
        service = StandIn(tmp_path / "image-service", secrets, f"http://127.0.0.1:{server.port}")
        with service as there:
            around = {
                "CRM_NAME_SERVER": f"127.0.0.1:{names.address[1]}",
                "CRM_IMAGE_SERVICE_URL": there.url,
            }
            with open_office(var, database_url, server, around) as office:
                yield office


@dataclass
class Eyes:
    """One person's browser. What goes wrong in a page is remembered and fails the test at its end."""

    browser: Browser
    home: str
    shots: Path
    faults: list[str] = field(default_factory=list)
    closed: bool = False
    """They look at nothing: at pages that another test has looked at."""

    def __post_init__(self) -> None:
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        visitor: Visitor | None = None,
        *,
        size: tuple[int, int] = WIDE,
        scripts: bool = True,
        program: str | None = None,
    ) -> Page:
        """A window of its own, with a colleague's session or with none."""
        context = self.browser.new_context(
            base_url=self.home,
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=scripts,
            color_scheme="light",
            user_agent=program,
        )
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        if visitor is not None:
            context.add_cookies(
                [{"name": name, "value": value, "url": self.home} for name, value in visitor.cookies.items()]
            )
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda told: self._heard(told.type, told.text))
        return page

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(one in text for one in _DUE):
            self.faults.append(f"console: {text}")

    def look(self, page: Page, name: str, *, axe: bool = True) -> None:
        """Look at it in both themes, wide and as on a phone; axe finds nothing serious."""
        if self.closed:
            return
        size = page.viewport_size
        assert size is not None
        for scheme in design_page.SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate(_SETTLED)
            if page.evaluate(_MOVES):
                self.faults.append(f"{name}: who wants no motion gets transitions")
            self.photograph(page, f"{name}-{scheme}")
            if axe:
                self._axe(page, f"{name}, {scheme}", is_first=scheme == design_page.SCHEMES[0])
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.faults.append(f"{name} scrolls sideways on a phone")
        self.photograph(page, f"{name}-phone")
        page.set_viewport_size(size)

    def photograph(self, page: Page, name: str) -> None:
        """A picture that nobody looks at takes as long as one that is looked at."""
        if SHOTS:
            page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def _axe(self, page: Page, name: str, *, is_first: bool) -> None:
        """Everything once; in the other theme only colours are others."""
        page.evaluate(design_page.axe())
        asked = "" if is_first else "{runOnly: ['color-contrast']}"
        for fault in page.evaluate(f"axe.run({asked}).then(told => told.violations)"):
            if fault["impact"] in {"serious", "critical"}:
                where = "; ".join(node["html"][:160] for node in fault["nodes"][:3])
                self.faults.append(f"{name}: axe {fault['impact']}: {fault['id']}: {where}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for number, page in enumerate(page for one in self._contexts for page in one.pages):
                page.screenshot(path=self.shots / f"when-it-failed-{number}.png", full_page=True)
        for context in self._contexts:
            context.close()
        if kind is None:
            assert self.faults == []


@pytest.fixture
def eyes(chromium: Browser, office: Office, tmp_path: Path) -> Iterator[Eyes]:
    shots = Path(SHOTS) if SHOTS else tmp_path / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    with Eyes(chromium, office.url, shots) as eyes:
        yield eyes
