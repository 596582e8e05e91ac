"""Walk the main job through a running demo, over HTTP alone: `python -m scripts.demo.walk --url ADDRESS`.

Says what it saw; the first thing that is not as it should be is said in words, and the exit status is 1.
"""

import argparse
import http.client
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from crm.kernel.clock import monotonic
from scripts.demo.sheets import LATER, later_sheet
from scripts.demo.visitor import Page, Visitor

T = TypeVar("T")

START: Final = 240.0
"""Seconds a slow machine may take to make the world and start."""

PATIENCE: Final = 150.0
"""Seconds in which mail is sent, opened and answered."""

_EVERY: Final = 1.5
_OPENED: Final = "reached somebody, probably"
_NOTE: Final = "Called: they want to see three pictures first."


class WalkError(Exception):
    """Something is not as it should be, in words."""


@dataclass(slots=True)
class Walk:
    """One visitor's way through the demo."""

    visitor: Visitor

    def open(self, path: str, *, shows: str = "") -> Page:
        """Open a page that has to be there, and to show some words."""
        page = self.visitor.get(path)
        return self.check(page, shows=shows)

    def check(self, page: Page, *, shows: str = "") -> Page:
        """Look at a page that came back."""
        if page.status != 200:
            raise WalkError(f"{page.path} answers {page.status}.")
        if shows and not page.has(shows):
            raise WalkError(f"{page.path} does not say “{shows}”.")
        return page

    def until(self, look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE) -> T:
        """Look again and again until there is something to see."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(_EVERY)
        raise WalkError(f"Within {seconds:.0f} seconds: {what}.")

    def wait_for_start(self) -> None:
        """The program answers, and its scheduler ticks."""

        def look() -> bool | None:
            try:
                return self.visitor.get("/healthz").status == 200 or None
            except (OSError, http.client.HTTPException):
                return None

        self.until(look, "the demo did not start", seconds=START)
        say("It runs, and the scheduler ticks.")

    def enter(self) -> None:
        """By the button, as a salesperson."""
        page = self.open("/login", shows="everybody in it is invented")
        doors = dict(re.findall(r'action="(/demo/enter/\d+)".*?Enter as ([^,<]+)', page.markup, re.DOTALL))
        door = next((path for path, name in doors.items() if name == "Sanne de Wit"), None)
        if door is None:
            raise WalkError("There is no button to enter as Sanne de Wit.")
        self.check(self.visitor.post(door), shows="Today")
        page = self.open("/", shows="Demo clock")
        say(f"Entered as Sanne de Wit; {len(doors)} colleagues to choose from. Today is there.")

    def look_round(self) -> None:
        """Lists, search, one prospect, a note, an import's preview, a sequence."""
        total = self.open("/prospects", shows="May we write?").find(r'class="muted small num">([\d,+]+)<')
        found = self.open("/prospects?q=voeten", shows="Voetenwerk").find(r'href="(/prospects/\d+)"')
        if not found:
            raise WalkError("The search finds nobody at Voetenwerk.")
        say(f"{''.join(total[:1])} prospects; the search finds {len(set(found))} at Voetenwerk.")
        self.open(found[0], shows="May we write?")
        self.visitor.post(f"{found[0]}/notes", kind="call", body=_NOTE, follow_up="")
        self.open(found[0], shows=_NOTE)
        self.open("/prospects?q=three+pictures")
        say("Wrote a note on a prospect's page; it is on the timeline.")
        self._import()
        rows = self.open("/sequences").find(r'href="(/sequences/\d+)"')
        for path in dict.fromkeys(rows):
            self.open(path, shows="Mails sent")
        if len(set(rows)) < 3:
            raise WalkError("There are fewer than three sequences.")
        say(f"{len(set(rows))} sequences, each with its funnel.")

    def _import(self) -> None:
        self.open("/imports")
        # Any day within the month in which people have to be told: the calendar is ahead of the clock.
        page = self.visitor.upload("/imports", LATER, later_sheet(self._today()))
        self.check(page, shows="What would happen")
        if not page.has("Twice in the file") or not page.has("Broken"):
            raise WalkError("The preview of an import does not show what is twice and what is broken.")
        say("The preview of an import says what would be added, is twice, is broken.")

    def _today(self) -> date:
        told = self.open("/").find(r'id="clock"[^>]*>\w+ (\d+ \w+ \d{4})')
        if not told:
            raise WalkError("The demo clock does not say which day it is.")
        day, month, year = told[0].split()
        return date(int(year), _MONTHS.index(month) + 1, int(day))

    def watch_the_mail(self) -> None:
        """Mail leaves; one is opened; somebody answers or says no."""
        mails = self.until(lambda: self._mails() or None, "no mail was sent")
        shown = self.open(f"/mailbox/{mails[0]}", shows="List-Unsubscribe")
        self.open(f"/mailbox/{mails[0]}/html")
        say(f"Mail leaves; the newest says “{''.join(shown.find(r'<h1[^>]*>([^<]+)<')[:1])}”.")
        who = self.until(self._opened, "no mail was opened by a person")
        say(f"An opening: prospect {who} was reached, probably.")
        what = self.until(self._answered, "nobody answered and nobody said no")
        say(f"Answers: {what}.")

    def _mails(self) -> list[str]:
        return list(dict.fromkeys(self.open("/mailbox").find(r'href="/mailbox/([a-z2-7]+)"')))

    def _opened(self) -> str | None:
        """A prospect whose timeline shows that a person opened a mail."""
        ids = self.open("/prospects?status=contacted").find(r'href="/prospects/(\d+)"')
        for prospect in list(dict.fromkeys(ids))[:12]:
            if self.open(f"/prospects/{prospect}").has(_OPENED):
                return prospect
        return None

    def _answered(self) -> str | None:
        replied = set(self.open("/prospects?view=replied").find(r'href="/prospects/(\d+)"'))
        refused = 0
        for path in dict.fromkeys(self.open("/sequences").find(r'href="(/sequences/\d+)"')):
            refused += self.open(path).has("They said no") or self.open(path).has("Stopped: they said no")
        if not replied and not refused:
            return None
        return f"{len(replied)} in conversation, a refusal in {refused} of the sequences"

    def convert(self) -> None:
        """Somebody says yes: the lead is handed over, the link is mailed, its page opens."""
        ids = self.open("/prospects?status=contacted&country=NL").find(r'href="/prospects/(\d+)"')
        before = set(self._mails())
        lead = next((path for one in dict.fromkeys(ids) if (path := self._say_yes(one))), None)
        if lead is None:
            raise WalkError("Nobody could be converted.")
        self.until(
            lambda: self.open(lead).has("Handed over") or None, "the lead was not handed over", seconds=60
        )
        link = self.until(lambda: self._link_in_mail(before), "the sign-up link was not mailed", seconds=60)
        page = self.visitor.get(link)
        if page.status not in {200, 404}:  # 404: they were faster and used it
            raise WalkError(f"The sign-up page answers {page.status}.")
        say("Somebody said yes: the lead is handed over, and the sign-up link is in the mailbox.")

    def watch_the_leads(self) -> None:
        """Who said yes before has signed up by now, or gone on from there."""
        stages = ("Signed up,", "Made a first image,", "Paid,")

        def look() -> str | None:
            page = self.open("/leads")
            return next((stage.rstrip(",").lower() for stage in reversed(stages) if page.has(stage)), None)

        say(f"A lead: {self.until(look, 'nobody signed up')}.")

    def _say_yes(self, prospect: str) -> str | None:
        self.open(f"/prospects/{prospect}/convert")
        page = self.visitor.post(f"/prospects/{prospect}/convert", link="mail")
        if page.status != 200 or not page.path.partition("?")[0].startswith("/leads/"):
            return None
        return page.path.partition("?")[0]

    def _link_in_mail(self, before: set[str]) -> str | None:
        for key in [one for one in self._mails() if one not in before]:
            found = self.open(f"/mailbox/{key}").find(r"https?://[^\s/\"<]+(/start/[a-z2-7]+)")
            if found:
                return found[0]
        return None


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def say(words: str) -> None:
    """One line, at once."""
    print(words, flush=True)


def main() -> int:
    """Walk; 0 when everything was there."""
    parser = argparse.ArgumentParser(description="Walk the main job through a running demo.")
    parser.add_argument("--url", required=True, help="the demo's address, such as http://127.0.0.1:8000")
    walk = Walk(Visitor(parser.parse_args().url.rstrip("/")))
    begun = monotonic()
    try:
        walk.wait_for_start()
        walk.enter()
        walk.look_round()
        walk.watch_the_mail()
        walk.convert()
        walk.watch_the_leads()
    except (WalkError, OSError, http.client.HTTPException) as error:
        print(f"Not as it should be: {error}", file=sys.stderr)
        return 1
    say(f"The whole job was there to see, in {monotonic() - begun:.0f} seconds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
