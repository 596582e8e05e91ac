"""Somebody with a browser, from outside: real HTTP, cookies kept, forms sent as their page shows them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import urllib3

FORM = "application/x-www-form-urlencoded"
Fields = list[tuple[str, Any]]


@dataclass(frozen=True)
class Page:
    """What came back."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def words(self) -> str:
        """What stands on the page, without markup, in single blanks."""
        return " ".join(" ".join(self._tree.find("body").itertext()).split())  # type: ignore[union-attr] # the parser makes one

    @property
    def fields(self) -> Any:
        return json.loads(self.body)

    @property
    def _tree(self) -> Element:
        tree: Element = html5lib.parse(self.body, namespaceHTMLElements=False)
        return tree

    def links(self, pattern: str) -> list[str]:
        found = (anchor.get("href") or "" for anchor in self._tree.iter("a"))
        return [href for href in found if re.search(pattern, href)]

    def form(self, action: str) -> tuple[str, Fields]:
        """The form whose address matches, and what it sends when nothing in it is touched."""
        sent = [one for one in self._tree.iter("form") if one.get("method") != "dialog"]
        forms = [(urljoin(self.url, one.get("action") or ""), one) for one in sent]
        found = [(url, one) for url, one in forms if re.search(action, url)]
        assert len(found) == 1, f"{len(found)} of {len(forms)} forms lead to {action}"
        url, form = found[0]
        return url, [pair for one in form.iter() for pair in _sends(one)]


def _sends(one: Element) -> Fields:
    name = one.get("name")
    if name is None or one.tag not in {"input", "select", "textarea"}:
        return []
    if one.tag == "textarea":
        return [(name, "".join(one.itertext()))]
    if one.tag == "select":
        options = list(one.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return [(name, option.get("value", "")) for option in chosen]
    kind = one.get("type", "text")
    if kind in {"radio", "checkbox"} and one.get("checked") is None:
        return []
    return [] if kind in {"file", "submit"} else [(name, one.get("value", ""))]


@dataclass
class Visitor:
    """One browser. Without cookies it is anybody; `headers` go along with every request."""

    home: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=30)

    def close(self) -> None:
        self._pool.clear()

    def get(self, path: str, **headers: str) -> Page:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, fields: Sequence[tuple[str, Any]] = (), **headers: str) -> Page:
        """A form as a browser sends it."""
        body = urlencode(fields).encode()
        return self.ask("POST", path, body, {"Content-Type": FORM, **headers})

    def submit(self, page: Page, action: str, *, without: Sequence[str] = (), **changed: Any) -> Page:
        """Fill a form in and press its button; whatever is not changed goes as the page has it.

        A list sends a name several times.
        """
        path, fields = page.form(action)
        kept = [pair for pair in fields if pair[0] not in changed and pair[0] not in without]
        given = [
            (name, one)
            for name, value in changed.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        return self.post(path, [*kept, *given])

    def upload(self, page: Page, action: str, file_name: str, content: bytes) -> Page:
        path, fields = page.form(action)
        parts = [*fields, ("file", (file_name, content, "text/csv"))]
        body, kind = urllib3.encode_multipart_formdata(parts)
        return self.ask("POST", path, body, {"Content-Type": kind})

    def follow(self, page: Page) -> Page:
        """Where a page leads that only leads on."""
        assert page.status == 303, (page.status, page.words if page.body else "")
        return self.get(urljoin(page.url, page.headers["Location"]))

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Page:
        url = urljoin(self.home, path)
        # A connection a request: a server may close a kept one just when the next request leaves.
        sent = {"Connection": "close", **self.headers, **(headers or {})}
        if self.cookies and urlsplit(url).netloc == urlsplit(self.home).netloc:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self._pool.request(method, url, body=body or None, headers=sent, redirect=False)
        for line in answer.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Page(url, answer.status, answer.headers, answer.data)


def published(visitor: Visitor, series: Mapping[str, Any]) -> Page:
    """A new sequence, looked at and published; its page."""
    drafted = visitor.submit(visitor.get("/sequences/new"), "/sequences/draft", act="review", **series)
    return visitor.follow(visitor.submit(visitor.follow(drafted), r"/sequences/\d+/publish"))
