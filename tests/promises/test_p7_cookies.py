"""P7, P10: nobody outside gets a cookie, a script or anything from another place, on any public page."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from html5lib import parse

from crm.kernel.public_links import MailboxLink
from crm.services import Services
from crm.web.access import Open, access_of
from tests.web.shared import app_over

SCRIPTS = {"script", "iframe", "object", "embed", "base"}
HTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def app(services: Services) -> Flask:
    return app_over(services)


def public_paths(app: Flask, services: Services) -> Iterator[str]:
    """Every page without a log-in, with good tokens and with bad ones."""
    ring = services.settings.keys.addresses
    link = MailboxLink(next(iter(ring.domain_digests("x.example"))), ring.version, "")
    good = {"unsubscribe": services.links.unsubscribe_url(link), "about": services.links.about_url(link)}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint == "static" or access_of(view) is not Open.ANYBODY:
            continue
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        yield path
        if url := good.get(rule.endpoint.partition(".")[0]):
            yield "/" + url.split("/", 3)[3]


def test_no_public_page_sets_a_cookie(app: Flask, services: Services) -> None:
    paths = set(public_paths(app, services))
    assert len(paths) >= 6
    for path in paths:
        for method in ("GET", "HEAD", "POST"):
            reply = app.test_client().open(path, method=method, headers={"Cookie": "theme=dark"})
            assert "Set-Cookie" not in reply.headers, (method, path)


def test_no_public_page_runs_a_script_or_asks_another_place(app: Flask, services: Services) -> None:
    for path in set(public_paths(app, services)):
        reply = app.test_client().get(path)
        if reply.mimetype != "text/html":
            continue
        assert "script-src" not in reply.headers["Content-Security-Policy"]
        for element in parse(reply.text).iter():
            name = str(element.tag).removeprefix(HTML)
            assert name not in SCRIPTS, path
            assert not [key for key in element.attrib if key.startswith("on") or key == "style"], path
            for key in ("src", "action", "srcset", "background", "poster"):
                assert not re.match(r"(https?:)?//", element.get(key, "")), (path, name)
            if name == "link":
                assert element.get("href", "").startswith("/"), path
