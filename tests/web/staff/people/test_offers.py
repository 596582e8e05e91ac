"""What a page offers, whoever looks at it may do: no button leads to "This is not open to you" (D16)."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from crm.conversations import tasks
from crm.services import Services
from crm.staff.models import Role
from crm.staff.roles import Act, may
from crm.web.access import access_of
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail
from tests.web.staff.conftest import Browser, browser_of
from tests.web.staff.test_leads import said_yes


def offered(page: str) -> set[tuple[str, str]]:
    """Forms that can be sent and links that can be followed: (method, path)."""
    found = set()
    for form in re.findall(r'<form\b[^>]*\bmethod="post"[^>]*>.*?</form>', page, re.DOTALL):
        [action] = re.findall(r'\baction="([^"]+)"', form.partition(">")[0])
        buttons = re.findall(r"<button\b[^>]*>", form)
        if not buttons or any("aria-disabled" not in one for one in buttons):
            found.add(("POST", unescape(action)))
    for link in re.findall(r'<a\b[^>]*?\bhref="(/[^"#]*)', page):
        found.add(("GET", unescape(link)))
    return {(method, path.partition("?")[0]) for method, path in found}


def not_open(app: Flask, role: Role, page: str) -> set[str]:
    """What is offered and refused."""
    urls = app.url_map.bind("outreach.produfoto.example", url_scheme="https")
    refused = set()
    for method, path in offered(page):
        try:
            endpoint, _ = urls.match(path, method=method)
        except HTTPException:
            continue
        access = access_of(app.view_functions[endpoint])
        if isinstance(access, Act) and not may(role, access):
            refused.add(f"{method} {endpoint}")
    return refused


@pytest.fixture
def paths(outreach: Outreach, clock: FakeClock) -> list[str]:
    """A world with something of everything in it; the pages that show it."""
    sequence = outreach.sequence(mail(), mail(3, ""))
    person = outreach.person("anna@winkel.example", name="Anna de Boer")
    outreach.enrol(person, sequence)
    [lead] = said_yes(outreach, 1)
    with outreach.services.database.transaction() as session:
        task = tasks.ask(session, person, "Bel Anna", dedupe_key="x", now=outreach.now)
    assert task is not False
    clock.advance(timedelta(minutes=5))
    return [
        "/", "/prospects", f"/prospects/{person}", f"/prospects/{person}/why", "/sequences",
        f"/sequences/{sequence}", "/leads", f"/leads/{lead}", "/mailbox", "/approve", "/uncertain",
        "/imports", "/team", "/settings", "/settings/limits",
    ]  # fmt: skip


@pytest.mark.parametrize("role", Role)
def test_nobody_is_offered_what_they_may_not_do(
    app: Flask, services: Services, paths: list[str], role: Role
) -> None:
    browser: Browser = browser_of(app, services, role)
    wrong: dict[str, set[str]] = {}
    seen = 0
    for path in paths:
        answer = browser.get(path)
        if answer.status_code != 200:
            assert answer.status_code == 403, path
            continue
        seen += 1
        if refused := not_open(app, role, answer.text):
            wrong[path] = refused
    assert seen >= 10
    assert wrong == {}


def test_the_privacy_officer_ticks_a_request_off(app: Flask, services: Services, paths: list[str]) -> None:
    browser = browser_of(app, services, Role.PRIVACY)
    [action] = set(re.findall(r'action="(/tasks/\d+/done)"', browser.get("/").text))
    assert browser.post(action).status_code == 303
    assert action not in browser.get("/").text
