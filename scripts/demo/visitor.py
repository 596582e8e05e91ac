"""A browser without a screen: one visitor's cookie, forms with their token, redirects followed."""

import http.client
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode, urlsplit

_TOKEN = re.compile(r'"X-CSRF-Token": ?"([0-9a-f]+)"')
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    status: int
    path: str
    """Where it ended, redirects followed."""

    markup: str

    def has(self, words: str) -> bool:
        """Tell whether the words stand on it, as a reader would see them."""
        return words in unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.markup)))

    def find(self, pattern: str) -> list[str]:
        """Every match of a pattern in its markup, entities read."""
        return [unescape(match) for match in re.findall(pattern, self.markup)]


@dataclass(slots=True)
class Visitor:
    """One person at one browser."""

    base_url: str
    _cookies: dict[str, str] = field(default_factory=dict)
    _token: str = ""

    def get(self, path: str) -> Page:
        """Open a page. Raises OSError or HTTPException when nobody answers."""
        return self._go("GET", path, b"", "")

    def post(self, path: str, **form: str) -> Page:
        """Send a form of the page that was open."""
        body = urlencode({"csrf_token": self._token, **form}).encode()
        return self._go("POST", path, body, "application/x-www-form-urlencoded")

    def upload(self, path: str, name: str, content: bytes) -> Page:
        """Send a file."""
        boundary = secrets.token_hex(12)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self._token}\r\n'
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        head += "Content-Type: text/csv\r\n\r\n"
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self._go("POST", path, body, f"multipart/form-data; boundary={boundary}")

    def _go(self, method: str, path: str, body: bytes, kind: str) -> Page:
        status, location, markup = self._ask(method, path, body, kind)
        for _ in range(_MOST_REDIRECTS):
            if status not in _REDIRECTS:
                break
            path = location
            status, location, markup = self._ask("GET", path, b"", "")
        found = _TOKEN.search(markup)
        self._token = found[1] if found else self._token
        return Page(status, path, markup)

    def _ask(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, str, str]:
        parts, here = urlsplit(path), urlsplit(self.base_url)
        connection = http.client.HTTPConnection(here.hostname or "", here.port, timeout=20)
        headers = {"User-Agent": "demo walk", "Cookie": _joined(self._cookies)}
        if kind:
            headers["Content-Type"] = kind
        try:
            target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.request(method, target, body or None, headers)
            answer = connection.getresponse()
            for header in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = header.partition(";")[0].partition("=")
                self._cookies[name] = value
            return answer.status, answer.getheader("Location", ""), answer.read().decode("utf-8", "replace")
        finally:
            connection.close()


def _joined(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
