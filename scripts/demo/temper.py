"""What a recipient does with a mail, and when: a pure function of the seed, the person and the mail."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from scripts.demo.chance import between, pick, share, weighted
from scripts.demo.letter import Letter


class Temper(enum.StrEnum):
    """How somebody takes mail from strangers."""

    READER = "reader"
    FORGETFUL = "forgetful"
    """Never opens anything."""

    ONE_CLICK = "one_click"
    CHOOSER = "chooser"
    """Goes to the unsubscribe page and makes a choice."""

    ASKER = "asker"
    SAYS_YES = "says_yes"
    NOT_NOW = "not_now"
    SAYS_STOP = "says_stop"
    WANTS_TO_KNOW = "wants_to_know"
    """Asks where we got the address."""

    AWAY = "away"
    GONE = "gone"
    """The mailbox does not exist."""

    FULL = "full"


class Device(enum.StrEnum):
    """What shows them their mail."""

    BROWSER = "browser"
    GMAIL = "gmail"
    APPLE = "apple"


class Act(enum.StrEnum):
    """One thing somebody, or their mail system, does."""

    SCAN = "scan"
    OPEN = "open"
    ONE_CLICK = "one_click"
    CHOOSE = "choose"
    REPLY = "reply"
    AWAY = "away"
    BOUNCE = "bounce"
    SIGN_UP = "sign_up"
    STEP = "step"
    """First picture, payment: what a customer of the image service does next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An act at a moment of the calendar."""

    act: Act
    at: datetime
    detail: str = ""


_TEMPERS: Final = (
    (Temper.READER, 43.0),
    (Temper.FORGETFUL, 11.0),
    (Temper.ONE_CLICK, 6.0),
    (Temper.CHOOSER, 8.0),
    (Temper.ASKER, 8.0),
    (Temper.SAYS_YES, 6.0),
    (Temper.NOT_NOW, 3.0),
    (Temper.SAYS_STOP, 4.0),
    (Temper.WANTS_TO_KNOW, 3.0),
    (Temper.AWAY, 4.0),
    (Temper.GONE, 1.0),  # a tended list: at two of a hundred the guardrail stops a sequence
    (Temper.FULL, 3.0),
)
_DEVICES: Final = ((Device.BROWSER, 60.0), (Device.GMAIL, 22.0), (Device.APPLE, 18.0))
_CHOICES: Final = (
    ("never", 34.0),
    ("later", 20.0),
    ("series", 16.0),
    ("measuring", 14.0),
    ("remove", 10.0),
    ("company", 6.0),
)
_REPLIES: Final = {
    Temper.ASKER: "question",
    Temper.SAYS_YES: "yes",
    Temper.NOT_NOW: "not_now",
    Temper.SAYS_STOP: "stop",
    Temper.WANTS_TO_KNOW: "source",
}
_STEPS: Final = (("first_image", 0.7), ("paid", 0.4), ("closed", 0.06))
_GUARDED: Final = 0.13
"""Share of domains whose mail passes a scanner that opens every link."""

_TOO_QUICK: Final = 12.0
"""Real seconds within which an opening looks like a machine's (standards §4.2 says ten)."""

_TO_THE_PAGE: Final = 3.0
"""Real seconds; whoever is on the unsubscribe page two seconds after the pixel counts as a machine too."""

_UP: Final = time(7, 30)
_TO_BED: Final = time(22)
_NUMBERS: Final = ((1, 6.0), (2, 3.0), (3, 1.0))  # the mail at which somebody does what they do


def temper_of(seed: int, recipient: str) -> Temper:
    """The same person takes every mail alike."""
    return weighted(_TEMPERS, seed, recipient, "temper")


def device_of(seed: int, recipient: str) -> Device:
    """What shows them their mail."""
    return weighted(_DEVICES, seed, recipient, "device")


def is_guarded(seed: int, recipient: str) -> bool:
    """Tell whether a scanner stands before their mailbox: all of a company have it, or nobody."""
    return share(seed, recipient.rpartition("@")[2], "guarded") < _GUARDED


def plans(seed: int, letter: Letter, zone: ZoneInfo, *, speed: float = 1.0) -> tuple[Plan, ...]:
    """Everything that will be done with one mail, in order of time."""
    return tuple(sorted(_plans(seed, letter, zone, speed), key=lambda plan: plan.at))


def _plans(seed: int, letter: Letter, zone: ZoneInfo, speed: float) -> Iterator[Plan]:
    who, number = letter.recipient, letter.number
    temper = temper_of(seed, who)
    if temper in {Temper.GONE, Temper.FULL} and not letter.start:
        minutes = between(1, 9, seed, who, number, "bounce")
        code = "5.1.1" if temper is Temper.GONE else "4.2.2"
        yield Plan(Act.BOUNCE, letter.sent_at + timedelta(minutes=minutes), code)
        return
    if is_guarded(seed, who):
        yield Plan(Act.SCAN, letter.sent_at + timedelta(seconds=between(2, 6, seed, who, number, "scan")))
    if temper is Temper.AWAY and number == 1:
        yield Plan(Act.AWAY, letter.sent_at + timedelta(minutes=2))
    if device_of(seed, who) is Device.APPLE:  # fetched in advance, read or not
        hours = between(1, 7, seed, who, number, "fetched")
        yield Plan(Act.OPEN, letter.sent_at + timedelta(hours=hours), Device.APPLE)
    read_at = _read_at(seed, letter, zone, speed)
    if letter.start:
        yield from _as_customer(seed, letter, read_at, zone)
    elif temper is not Temper.FORGETFUL:
        yield from _as_reader(seed, letter, temper, read_at, zone, speed)


def _as_reader(
    seed: int, letter: Letter, temper: Temper, read_at: datetime, zone: ZoneInfo, speed: float
) -> Iterator[Plan]:
    who, number = letter.recipient, letter.number
    device = device_of(seed, who)
    if device is not Device.APPLE:
        yield Plan(Act.OPEN, read_at, device)
    if device is Device.BROWSER and share(seed, who, number, "again") < 0.25:
        later = _awake(read_at + timedelta(hours=between(2, 30, seed, who, number, "again")), zone)
        yield Plan(Act.OPEN, later, device)
    if letter.answers_them:
        if share(seed, who, number, "thanks") < 0.6:
            yield Plan(Act.REPLY, _soon(seed, letter, read_at, zone), "thanks")
    elif weighted(_NUMBERS, seed, who, "number") == number:
        yield from _as_themselves(seed, letter, temper, read_at, zone, speed)


def _as_themselves(
    seed: int, letter: Letter, temper: Temper, read_at: datetime, zone: ZoneInfo, speed: float
) -> Iterator[Plan]:
    """The one thing they do about it."""
    if temper is Temper.ONE_CLICK and letter.one_click:
        yield Plan(Act.ONE_CLICK, read_at + timedelta(minutes=2))
    elif temper is Temper.CHOOSER and letter.one_click:
        later = _awake(read_at + timedelta(seconds=max(240.0, _TO_THE_PAGE * speed)), zone)
        yield Plan(Act.CHOOSE, later, weighted(_CHOICES, seed, letter.recipient, "choice"))
    elif temper in _REPLIES:
        yield Plan(Act.REPLY, _soon(seed, letter, read_at, zone), _REPLIES[temper])


def _as_customer(seed: int, letter: Letter, read_at: datetime, zone: ZoneInfo) -> Iterator[Plan]:
    who = letter.recipient
    if share(seed, who, "signs up") > 0.9:
        return
    at = read_at + timedelta(minutes=between(3, 20, seed, who, "signs up after"))
    yield Plan(Act.SIGN_UP, at)
    for step, likely in _STEPS:
        if share(seed, who, step) > likely:
            return
        at = _awake(at + timedelta(hours=between(3, 40, seed, who, step, "after")), zone)
        yield Plan(Act.STEP, at, step)


def _read_at(seed: int, letter: Letter, zone: ZoneInfo, speed: float) -> datetime:
    """When they come to it: the same day or within three, and never as fast as a machine."""
    who, number = letter.recipient, letter.number
    hours = pick((0.3, 1, 2, 4, 6, 20, 26, 30, 48, 70), seed, who, number, "hours")
    delay = timedelta(hours=hours, minutes=between(0, 59, seed, who, number, "minutes"))
    slowest = timedelta(seconds=_TOO_QUICK * speed * (1 + 0.5 * share(seed, who, number, "slow")))
    return _awake(letter.sent_at + max(delay, slowest), zone)


def _soon(seed: int, letter: Letter, read_at: datetime, zone: ZoneInfo) -> datetime:
    minutes = between(4, 300, seed, letter.recipient, letter.number, "answers after")
    return _awake(read_at + timedelta(minutes=minutes), zone)


def _awake(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself, or the next morning for whoever sleeps."""
    local = moment.astimezone(zone)
    if _UP <= local.time() < _TO_BED:
        return moment
    morning = local if local.time() < _UP else local + timedelta(days=1)
    woken = morning.replace(hour=_UP.hour, minute=_UP.minute, second=0, microsecond=0)
    # Not all at the same minute: what they did not do at night spreads over the first hours.
    return woken.astimezone(moment.tzinfo) + timedelta(minutes=local.minute + 60 * (local.hour % 3))
