"""The demo's recipients: they read the mail that was sent, and act on it over HTTP and by mail.

Only the humans are simulated. What they do follows from the seed; when they do it, from the fast calendar.
"""

import argparse
import heapq
import http.client
import itertools
import json
import logging
import signal
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from crm.adapters.maildir import SEEN, Maildir
from crm.kernel import logs
from crm.kernel.clock import Clock, clocks_from
from crm.kernel.zones import zone_for
from scripts.demo import answers, visits
from scripts.demo.fast_calendar import ANCHOR
from scripts.demo.letter import Letter, read_letter
from scripts.demo.sheets import LATER, keep_fresh
from scripts.demo.temper import Act, Device, Plan, plans

log = logging.getLogger("scripts.demo.people")

DONE: Final = "people-done.jsonl"
_LOOK: Final = 0.25  # real seconds between two looks into the mailbox
_TRIES: Final = 4
_AGAIN: Final = timedelta(seconds=3)  # real time, times the speed
_AT_ONCE: Final = 40
"""Acts between two looks; the rest waits its turn."""


class Due(NamedTuple):
    """An act in the queue. The number keeps equal moments in the order they were planned."""

    at: datetime
    number: int
    letter: Letter
    place: int
    """Which of the acts planned for this mail."""

    plan: Plan
    tries: int = 0


@dataclass(slots=True)
class People:
    """All of them."""

    var: Path
    base_url: str
    seed: int
    calendar: Clock
    speed: float
    _known: set[str] = field(default_factory=set)
    _mails: Counter[str] = field(default_factory=Counter)
    _queue: list[Due] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _done: set[tuple[str, int]] = field(default_factory=set)
    _accounts: dict[str, str] = field(default_factory=dict)

    def remember(self) -> None:
        """What they did before the demo was stopped, they do not do again."""
        path = self.var / DONE
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                one = json.loads(line)
            except ValueError:
                continue  # half a line of a killed process
            self._done.add((one["mail"], one["act"]))
            if one.get("account"):
                self._accounts[one["mail"]] = one["account"]

    def look(self, sent: Maildir, *, is_first: bool = False) -> None:
        """Take in what arrived since the last look; the first finds what came while they were away."""
        now = self.calendar()
        for entry in sent.entries("new", "cur"):
            key = entry.name.removesuffix(SEEN)
            if key in self._known:
                continue
            self._known.add(key)
            try:
                raw = Path(entry.path).read_bytes()
                recipient = raw.partition(b"Delivered-To: ")[2].partition(b"\r\n")[0].decode("ascii")
                self._mails[recipient] += 1
                letter = read_letter(key, raw, number=self._mails[recipient])
            except (OSError, ValueError, KeyError, AttributeError):
                log.warning("a mail could not be read", extra={"mail": key})
                continue
            self._plan(letter if is_first else replace(letter, sent_at=max(letter.sent_at, now)))

    def act(self, inbox: Maildir) -> int:
        """Do what is due by now, at most a handful; how much that was."""
        count = 0
        while self._queue and self._queue[0].at <= self.calendar() and count < _AT_ONCE:
            due = heapq.heappop(self._queue)
            self._do(due, inbox)
            count += 1
        return count

    def _plan(self, letter: Letter) -> None:
        for place, plan in enumerate(plans(self.seed, letter, self._zone(letter), speed=self.speed)):
            if (letter.key, place) not in self._done:
                heapq.heappush(self._queue, Due(plan.at, next(self._numbers), letter, place, plan))

    def _zone(self, letter: Letter) -> ZoneInfo:
        person = answers.known(self.seed).get(letter.recipient)
        return zone_for(person.shop.country if person else None).zone

    def _do(self, due: Due, inbox: Maildir) -> None:
        """One act; a page that answers badly is tried again a few times, then let be."""
        try:
            statuses, account = self._carry_out(due, inbox)
        except ConnectionRefusedError:  # it is starting or stopping: no fault of this page
            heapq.heappush(self._queue, due._replace(at=self.calendar() + _AGAIN * self.speed))
            return
        except (OSError, http.client.HTTPException, ValueError) as error:
            statuses, account = [], ""
            said = {"act": due.plan.act.value, "mail": due.letter.key, "error": type(error).__name__}
            log.warning("an act failed", extra=said)
        failed = not statuses or max(statuses) >= 500
        if failed and due.tries + 1 < _TRIES:
            later = self.calendar() + _AGAIN * self.speed * (due.tries + 1)
            heapq.heappush(self._queue, due._replace(at=later, tries=due.tries + 1))
            return
        self._note(due, statuses, account)

    def _carry_out(self, due: Due, inbox: Maildir) -> tuple[list[int], str]:
        """Do it; what the pages answered (202 for a mail), and the account if one was made."""
        letter, plan = due.letter, due.plan
        if plan.act in {Act.REPLY, Act.AWAY, Act.BOUNCE}:
            inbox.deliver(f"{letter.key}.{due.place}", self._written(due))
            return [202], ""
        device = Device(plan.detail) if plan.act is Act.OPEN else Device.BROWSER
        browser = visits.reader(self.seed, letter.recipient, self.base_url, device)
        account = ""
        match plan.act:
            case Act.SCAN:
                browser = visits.scan(letter, self.base_url)
            case Act.OPEN:
                visits.show(browser, letter)
            case Act.ONE_CLICK:
                visits.press(browser, letter)
            case Act.CHOOSE:
                visits.choose(browser, letter, plan.detail)
            case Act.SIGN_UP:
                account = self._accounts[letter.key] = visits.sign_up(browser, letter)
            case _ if self._accounts.get(letter.key):
                browser.ask(f"{self._accounts[letter.key]}/{plan.detail}", method="POST", form={})
        return browser.seen or [204], account

    def _written(self, due: Due) -> bytes:
        writer = answers.Writer(self.seed, due.letter, self.calendar())
        match due.plan.act:
            case Act.AWAY:
                return answers.away(writer)
            case Act.BOUNCE:
                return answers.bounce(writer, due.plan.detail)
            case _:
                return answers.reply(writer, due.plan.detail)

    def _note(self, due: Due, statuses: list[int], account: str) -> None:
        said = {"act": due.plan.act.value, "mail": due.letter.key, "statuses": " ".join(map(str, statuses))}
        bad = any(status >= 500 for status in statuses) or not statuses
        log.log(logging.WARNING if bad else logging.INFO, "done", extra=said)
        line = {"mail": due.letter.key, "act": due.place, "account": account}
        with (self.var / DONE).open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._done.add((due.letter.key, due.place))


def main() -> int:
    """Live until SIGTERM."""
    parser = argparse.ArgumentParser(description="The demo's recipients.")
    parser.add_argument("--var", type=Path, required=True)
    parser.add_argument("--base", required=True, help="the CRM's address")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--sent", type=Path, required=True, help="the Maildir our mail arrives in")
    parser.add_argument("--inbox", type=Path, required=True, help="the Maildir theirs is put in")
    options = parser.parse_args()
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clocks = clocks_from(options.var / ANCHOR)
    people = People(options.var, options.base, options.seed, clocks.calendar, clocks.speed)
    people.remember()
    sent, inbox = Maildir(options.sent), Maildir(options.inbox)
    people.look(sent, is_first=True)
    day = None
    while not stop.is_set():
        if day != (day := clocks.calendar().date()):
            keep_fresh(options.var / "files" / LATER, day)
        people.look(sent)
        if not people.act(inbox):
            stop.wait(_LOOK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
