"""A colleague at the vigil: opens pages and writes notes, over HTTP, until told to stop."""

import http.client
import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from scripts.demo.visitor import Page, Visitor

_PAGES: Final = ("/", "/prospects", "/prospects?q=schoenen", "/sequences", "/mailbox", "/leads", "/imports")
_BREATH: Final = 0.3  # seconds between two pages
_OPENED: Final = re.compile(r'href="/prospects/(\d+)"')


@dataclass
class Colleague:
    """One browser, in a thread of its own."""

    base_url: str
    chance: random.Random
    answers: Counter[int] = field(default_factory=Counter)
    """Pages by their status; 0: nobody answered, since the process was killed."""

    wrong: list[str] = field(default_factory=list)
    """Pages that answered 500 or worse."""

    notes: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Go home."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(30)

    def _work(self) -> None:
        visitor = Visitor(self.base_url)
        while not self._over.wait(_BREATH):
            try:
                self._look(visitor)
            except (OSError, http.client.HTTPException):
                self.answers[0] += 1

    def _look(self, visitor: Visitor) -> None:
        page = self._seen(visitor.get(self.chance.choice(_PAGES)))
        if page.path.startswith("/login"):
            doors = page.find(r'action="(/demo/enter/\d+)"')
            self._seen(visitor.post(doors[0]))
            return
        people = _OPENED.findall(page.markup)
        if people:
            one = f"/prospects/{self.chance.choice(people)}"
            self._seen(visitor.get(one))
            written = self._seen(visitor.post(f"{one}/notes", kind="call", body="Called.", follow_up=""))
            self.notes += written.status == 200

    def _seen(self, page: Page) -> Page:
        self.answers[page.status] += 1
        if page.status >= 500:
            self.wrong.append(f"{page.path.partition('?')[0]} answered {page.status}")
        return page
