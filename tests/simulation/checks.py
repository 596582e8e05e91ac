"""What must never happen to a mail, looked for in the provider's history.

Each check names its invariant. What it knows of hours, holidays and distances is its own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from tests.simulation.evidence import IN_HAND, Evidence
from tests.simulation.history import HandOver, Told, What, one_spelling
from tests.simulation.installation import GAPS, HAND_WORK, STEPS

GAP: Final = 3
"""Working days between two mails to one person."""

_MINUTE: Final = timedelta(minutes=1)


def duplicates(evidence: Evidence) -> Iterator[str]:
    """I02: one hand-over a message and a step, plus one for each time a person asked for another."""
    steps: Counter[tuple[int | None, int | None] | str] = Counter()
    for public_id, entries in evidence.entries.items():
        again = sum(one.detail == "send_again" for one in evidence.decided.get(public_id, ()))
        left = sum(one.left for one in entries)
        if left > 1 + again:
            yield f"{public_id} left {left} times"
        row = evidence.rows.get(public_id)
        if left and row is not None and row.enrolment_id is not None:
            steps[row.enrolment_id, row.position] += 1
    planned = Counter((row.enrolment_id, row.position) for row in evidence.dump.messages if row.position)
    yield from (f"step {key} is planned {count} times" for key, count in planned.items() if count > 1)
    for key, count in steps.items():
        if count > 1:
            yield f"step {key} left as {count} messages"


def _is_meant(told: Told, one: HandOver) -> bool:
    whom = one_spelling(one.recipient)
    return whom == told.whom or (told.whom.startswith("@") and whom.endswith(told.whom))


def after_final(evidence: Evidence) -> Iterator[str]:
    """I01, I14, I18: nothing starts after the final answer to a no."""
    if not evidence.clocks_agree:
        return
    for told in evidence.told:
        if told.what is not What.REFUSED or not told.is_final:
            continue
        for one in evidence.history[told.place :]:
            if _is_meant(told, one) and b"List-Unsubscribe:" in one.wire:
                yield f"{one.place} to {one.recipient}, told {told.at}"


def after_the_end(evidence: Evidence) -> Iterator[str]:
    """I01, I07: no step after an answer, a no, a bounce, a conversion or a stop that the program knew of."""
    for told in evidence.told:
        if told.what not in {What.ANSWERED, What.REFUSED, What.STOPPED, What.CONVERTED}:
            continue
        for one in evidence.history[told.place :]:
            theirs = _is_meant(told, one) or told.whom == f"enrolment {evidence.enrolment_of(one)}"
            if one.step and theirs and one.at > told.at + IN_HAND:
                yield f"{told.what}: {one.place} to {one.recipient} at {one.at}, told {told.at}"


def while_held(evidence: Evidence) -> Iterator[str]:
    """I12: nothing starts in what is paused, nor to somebody who wants to hear nothing for now."""
    for number, told in enumerate(evidence.told):
        if told.what is What.SNOOZED and told.until is not None:
            for one in evidence.history[told.place :]:
                if one.is_unasked and _is_meant(told, one) and told.at + IN_HAND < one.at < told.until:
                    yield f"snoozed: {one.place} to {one.recipient}"
        if told.what is What.PAUSED:
            ended = next(
                (
                    other.place
                    for other in evidence.told[number:]
                    if other.what is What.RESUMED and other.whom == told.whom
                ),
                len(evidence.history),
            )
            strict = told.is_final and evidence.clocks_agree
            allowed = told.at if strict else told.at + IN_HAND
            for one in evidence.history[told.place : ended]:
                is_over = told.until is not None and one.at >= told.until
                if one.at > allowed and not is_over and _is_in(evidence, told.whom, one):
                    yield f"paused {told.whom}: {one.place}"


def _is_in(evidence: Evidence, scope: str, one: HandOver) -> bool:
    kind, _, number = scope.partition(" ")
    match kind:
        case "everything":
            return True
        case "mailbox":
            return list(evidence.mailboxes)[int(number) - 1] == one.mailbox
        case "sequence":
            return one.step is not None and evidence.sequences[one.step[0] - 1] == int(number)
        case _:
            return evidence.enrolment_of(one) == int(number)


def outside_window(evidence: Evidence) -> Iterator[str]:
    """I08: nine to five of a working day where they are; what was claimed by five leaves within a minute."""
    for one in evidence.history:
        if not one.is_unasked:
            continue
        person = evidence.person(one)
        here = one.at.astimezone(ZoneInfo(person.zone))
        closes = datetime.combine(here.date(), time(17), here.tzinfo) + _MINUTE
        if here.time() < time(9) or here >= closes or not _is_working_day(here.date(), person.country):
            yield f"{one.place} to {one.recipient} at {here}"


@cache
def _free_days(country: str, year: int) -> frozenset[date]:
    theirs = holidays.country_holidays(country, subdiv="ENG" if country == "GB" else None, years=year)
    return frozenset(theirs) | frozenset(holidays.country_holidays("NL", years=year))


def _is_working_day(day: date, country: str) -> bool:
    return day.weekday() < 5 and day not in _free_days(country, day.year)


def _working_days(first: date, last: date, country: str) -> int:
    days = (first + timedelta(days=number) for number in range(1, (last - first).days + 1))
    return sum(_is_working_day(day, country) for day in days)


def over_cap(evidence: Evidence) -> Iterator[str]:
    """I06, I09: as many a local day as the mailbox may send, whoever sends them."""
    used: Counter[tuple[str, date]] = Counter()
    for one in evidence.history:
        if one.is_unasked and one.left and not evidence.is_declared_unsent(one.public_id):
            zone = ZoneInfo(evidence.mailboxes[one.mailbox][1])
            if one.at.astimezone(zone).date() == (one.at - _MINUTE).astimezone(zone).date():
                used[one.mailbox, one.at.astimezone(zone).date()] += 1
    for (mailbox, day), count in used.items():
        if count > evidence.mailboxes[mailbox][0]:
            yield f"{mailbox} sent {count} on {day}"


def too_soon(evidence: Evidence) -> Iterator[str]:
    """I06: three working days between two mails to one person, across sequences and those by hand."""
    last: dict[str, HandOver] = {}
    for one in evidence.history:
        if not one.is_unasked or not one.left:
            continue
        who, person = one_spelling(one.recipient), evidence.person(one)
        before = last.get(who)
        if before is not None and before.public_id != one.public_id:
            zone = ZoneInfo(person.zone)
            days = _working_days(
                before.at.astimezone(zone).date(), one.at.astimezone(zone).date(), person.country
            )
            if days < GAP:
                yield f"{one.place} to {who}, {days} working days after {before.place}"
        if one.answer != "refused" and not evidence.is_declared_unsent(one.public_id):
            last[who] = one


def too_close(evidence: Evidence) -> Iterator[str]:
    """I06: a mailbox waits between two mails that nobody asked for."""
    last: dict[str, datetime] = {}
    for one in evidence.history:
        if one.is_unasked and one.left:
            gap = GAPS[list(evidence.mailboxes).index(one.mailbox)]
            if one.mailbox in last and one.at - last[one.mailbox] < gap:
                yield f"{one.place}, {one.at - last[one.mailbox]} after the one before"
            last[one.mailbox] = one.at


def out_of_order(evidence: Evidence) -> Iterator[str]:
    """I07: a step follows the one before, once that is resolved and its own delay has passed."""
    steps: dict[int, dict[int, list[HandOver]]] = defaultdict(lambda: defaultdict(list))
    for one in evidence.history:
        enrolment = evidence.enrolment_of(one)
        if one.step and enrolment is not None:
            steps[enrolment][one.step[1]].append(one)
    for enrolment, places in steps.items():
        for place, entries in places.items():
            yield from _judge_step(evidence, enrolment, place, entries[0], places)


def _judge_step(
    evidence: Evidence, enrolment: int, place: int, one: HandOver, places: dict[int, list[HandOver]]
) -> Iterator[str]:
    assert one.step is not None
    if place == 1 or (one.step[0], place - 1) == HAND_WORK:
        return
    before = [
        row for row in evidence.dump.messages if row.enrolment_id == enrolment and row.position == place - 1
    ]
    proofs = [
        told.at
        for row in before
        for told in (*evidence.decided.get(row.public_id, ()), *evidence.reported.get(row.public_id, ()))
    ]
    proofs += [entry.at for entry in places.get(place - 1, ()) if entry.answer == "accepted"]
    known = [at for at in proofs if at < one.at]
    if not known:
        yield f"{one.place}: step {place} of enrolment {enrolment}, though nobody knew of the one before"
        return
    person = evidence.person(one)
    zone = ZoneInfo(person.zone)
    delay = STEPS[one.step[0] - 1][place - 1]
    days = _working_days(min(known).astimezone(zone).date(), one.at.astimezone(zone).date(), person.country)
    if days < delay:
        yield f"{one.place}: step {place} after {days} of {delay} working days"


def unrendered(evidence: Evidence) -> Iterator[str]:
    """I11: nobody reads what a template should have filled."""
    for one in evidence.history:
        if b"{{" in one.wire or b"=7B=7B" in one.wire or b" None " in one.wire:
            yield f"{one.place} to {one.recipient}"
