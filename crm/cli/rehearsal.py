"""`rehearse`: every mail a sequence would send, before anybody is enrolled."""

from collections import Counter
from typing import Final

import click
from sqlalchemy import select

from crm.cli.context import NO, OK, Installation, pass_installation
from crm.cli.sequence import published
from crm.delivery.models import Mailbox
from crm.permission.words import explain
from crm.prospects.models import Status
from crm.queries.pages.listing import Filter
from crm.sequences import versions
from crm.workflows.foresight.rehearsal_audience import audience
from crm.workflows.foresight.rehearsal_told import Happening, Rehearsal
from crm.workflows.foresight.rehearse import DAYS, rehearse


@click.command("rehearse", short_help="What a sequence would send, when, and to whom not.")
@click.argument("sequence")
@click.option("--days", type=click.IntRange(1, 365), default=DAYS, show_default=True, help="How far ahead.")
@click.option("--country", default="", metavar="NL", help="Only people in this country.")
@click.option("--running", is_flag=True, help="Those who are in it already, in place of everybody new.")
@click.option("--task-days", type=click.IntRange(0, 60), default=0, help="Working days until a task is done.")
@click.option("--quiet", is_flag=True, help="The sums only, not every mail.")
@pass_installation
def command(  # noqa: PLR0913 - one a option
    installation: Installation, sequence: str, *, days: int, country: str, running: bool, task_days: int,
    quiet: bool,
) -> int:  # fmt: skip
    """Play SEQUENCE (a number or a name) for everybody new who may begin, and print every mail.

    At most 1,000 people. Nothing is sent and nobody is enrolled. Times are the readers' own. Exit code 1 when
    no mail would leave.
    """
    services = installation.services
    with services.database.reading() as session:
        row = published(session, sequence)
        chosen = Filter(status=Status.NEW, country=country.upper())
        now, settings = services.clocks.calendar(), services.settings
        people = None
        if not running:
            version = versions.newest(session, row.id)
            people = audience(session, chosen, version, now=now, settings=settings)
        told = rehearse(
            session,
            row.id,
            people.ids if people else None,
            now=now,
            settings=settings,
            days=days,
            task_days=task_days,
            asked=people.asked if people else None,
        )
        names = dict(session.execute(select(Mailbox.id, Mailbox.address)).all())
    if not quiet:
        _mails(told)
    _load(told, names)
    _not(told)
    if people is not None and not people.is_whole:
        click.echo(
            f"The list is longer: {len(people.asked)} of it were looked at, those with a ground first."
        )
    return OK if told.mails else NO


def _mails(told: Rehearsal) -> None:
    for one in told.mails:
        person = told.people[one.prospect_id]
        there = one.at.astimezone(person.zone)
        who = ", ".join(
            part for part in (person.name or person.address, person.company, person.country) if part
        )
        click.echo(f"{there:%a %d %b %Y %H:%M}  step {one.position}  {who}")


def _load(told: Rehearsal, names: dict[int, str]) -> None:
    for (box, day), count in sorted(told.load.items()):
        others = told.load_of_others[box, day]
        more = f" and {others} to others" if others else ""
        click.echo(f"{day:%a %d %b %Y}  {names[box]}: {count}{more}")
    last = f"; the last one leaves {told.last:%a %d %b %Y %H:%M} UTC" if told.last else ""
    click.echo(f"{len(told.mails)} mails to {len({one.prospect_id for one in told.mails})} people{last}.")


def _not(told: Rehearsal) -> None:
    reasons = Counter(explain(one.decision.against[0]).short for one in told.left)
    for words, count in reasons.most_common():
        click.echo(f"Not enrolled, {count}: {words}")
    ends = Counter(
        f"{one.reason.value} {one.detail}".strip()
        for one in told.events
        if one.what in {Happening.STOPPED, Happening.PAUSED} and one.reason is not None
    )
    for code, count in ends.most_common():
        click.echo(f"Not to the end, {count}: {code}")
    for name in told.assumed.lifted:
        click.echo(f"Paused now, reckoned as resumed: {name}.")


COMMANDS: Final = (command,)
