"""A small installation of its own for each run: a database file in memory, and people to write to."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from crm.delivery.models import Mailbox
from crm.kernel.clock import Clocks
from crm.kernel.settings import Settings
from crm.sequences.models import StepKind
from crm.sequences.versions import NewStep
from crm.services import Services
from tests import databases, world
from tests.fakes import MemoryInbox, MemoryMailDomains
from tests.outreach import Outreach
from tests.simulation.chances import seeded
from tests.simulation.history import one_spelling
from tests.simulation.provider import Provider, SimulatedImageService, SimulatedMailer
from tests.simulation.turns import Turns

PLACES = (
    ("NL", "Europe/Amsterdam"),
    ("NL", "Europe/Amsterdam"),
    ("NL", "America/New_York"),
    ("NL", "Pacific/Auckland"),
    ("IE", "Europe/Dublin"),
    ("GB", "Europe/London"),
    ("NL", "Asia/Kolkata"),
    ("NL", "America/St_Johns"),
)
STEPS = ((0, 3, 4), (0, 3, 3), (1, 4))
"""Working days before each step, by sequence. The second step of the second one is done by hand."""

HAND_WORK = (2, 2)
CAPS = (3, 30, 2)
GAPS = (timedelta(), timedelta(minutes=10), timedelta(minutes=3))
"""Between two mails of a mailbox."""


class Person(NamedTuple):
    """Somebody there is to write to."""

    address: str
    """In one spelling."""

    country: str
    zone: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass
class Installation:
    """Everything of one run."""

    services: Services
    outreach: Outreach
    provider: Provider
    image_service: SimulatedImageService
    people: dict[str, Person]
    mailboxes: dict[str, tuple[int, str]]
    """Cap and zone by address."""

    sequences: list[int]
    inbox: MemoryInbox

    def worker(self, turns: Turns) -> Services:
        """The services of another worker: its own way to the provider, perhaps a clock that is off."""
        off = turns.chance.uniform(-turns.weather.skew, turns.weather.skew)
        clock = turns.clock
        clocks = Clocks(calendar=clock, real=lambda: clock.now + timedelta(seconds=off))
        return replace(self.services, mailer=SimulatedMailer(self.provider), clocks=clocks)

    def add_person(self, address: str, country: str, zone: str) -> Person:
        """Keep for the judge who they are."""
        person = Person(one_spelling(address), country, zone)
        self.people[person.address] = person
        return person


@cache
def home() -> Path:
    """A folder in memory, where there is one: a disk would be asked to flush a thousand times a day."""
    shelf = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - made by mkdtemp below
    made = Path(tempfile.mkdtemp(prefix="crm-sim-", dir=shelf))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def _empty() -> Path:
    return databases.migrated_file(home())


@cache
def _settings() -> Settings:
    """With the same keys in every process."""
    with seeded(Random("keys")):  # noqa: S311 - to be repeated, not to be secret
        return world.settings(home() / "var", "sqlite://")


def make_ready() -> None:
    """What all installations of a process share; to be made before anybody draws."""
    _empty()
    _settings()


@contextmanager
def installation(turns: Turns, *, people: int, database_url: str | None = None) -> Iterator[Installation]:
    """Make one, and take it away afterwards."""
    empty, base = _empty(), _settings()
    folder = Path(tempfile.mkdtemp(dir=home()))
    url = database_url or f"sqlite:///{shutil.copy(empty, folder / 'crm.db')}"
    settings = replace(base, var=folder, database_url=url)
    database = turns.database(url)
    made = _furnished(turns, world.services(settings, database, Clocks(turns.clock, turns.clock)), people)
    try:
        yield made
    finally:
        database.dispose()
        shutil.rmtree(folder)


def _furnished(turns: Turns, bare: Services, people: int) -> Installation:
    provider = Provider(turns)
    image_service = SimulatedImageService(turns, turns.chance)
    inbox = MemoryInbox()
    services = replace(
        bare, image_service=image_service, inbox=inbox, mail_domains=MemoryMailDomains(),
        mailer=SimulatedMailer(provider),
    )  # fmt: skip
    outreach = Outreach(services)
    made = Installation(services, outreach, provider, image_service, {}, {}, [], inbox)
    for number, steps in enumerate(STEPS, 1):
        cap, zone = CAPS[number - 1], ("Europe/Amsterdam", "Europe/Amsterdam", "America/New_York")[number - 1]
        gap = GAPS[number - 1]
        box = outreach.mailbox(cap=cap, time_zone=zone, gap=gap, jitter=gap / 2)
        made.sequences.append(outreach.sequence(*_steps(number, steps), mailbox=box))
    made.mailboxes.update(_mailboxes(services))
    for number in range(people):
        _add(made, turns.chance, number)
    return made


def _steps(number: int, delays: tuple[int, ...]) -> Iterator[NewStep]:
    for place, delay in enumerate(delays, 1):
        if (number, place) == HAND_WORK:
            yield NewStep(StepKind.TASK, delay, "Bel even op", "")
            continue
        subject = f"Foto's voor {{{{ company }}}} ({number})" if place == 1 else ""
        yield NewStep(StepKind.EMAIL, delay, subject, f"Dag,\n\nstap-{number}-{place}- van ons.\n\nGroet")


def _mailboxes(services: Services) -> dict[str, tuple[int, str]]:
    with services.database.reading() as session:
        return {one.address: (one.daily_cap, one.time_zone) for one in session.query(Mailbox)}


def _add(made: Installation, chance: Random, number: int) -> None:
    country, zone = chance.choice(PLACES)
    domain = f"bücher{number}.example" if number % 5 == 4 else f"winkel{number}.example"
    company = None
    if number % 4 == 3:  # a colleague of the one before
        company = made.outreach.prospect(number).company_id
        before = list(made.people.values())[-1]
        domain, country, zone = before.domain, before.country, before.zone
    address = f"{chance.choice(('info', 'jan', 'Anna.B'))}{number}@{domain}"
    made.outreach.person(address, company_id=company, country=country, time_zone=zone)
    made.add_person(address, country, zone)
