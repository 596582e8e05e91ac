"""`pause` and `resume`: one person, a sequence, a mailbox, or everything (I12)."""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.audit.chain import Actor
from crm.cli.context import ADDRESS, DAY, NO, OK, Installation, colleague, pass_installation
from crm.delivery.models import Mailbox
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError
from crm.kernel.text import whole_number
from crm.queries.inbox import person
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, Sequence
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish

HOME: Final = ZoneInfo("Europe/Amsterdam")
_WHAT: Final = click.Choice(["everything", "mailbox", "sequence", "person"])
_NONE: Final = {
    "mailbox": "There is no such mailbox. The settings page lists them.",
    "sequence": "There is no such sequence. `sequences` lists them.",
    "person": "Nobody with this address is in a sequence now.",
}


@click.command("pause", short_help="Stop sending: everything, a mailbox, a sequence, a person.")
@click.argument("what", type=_WHAT)
@click.argument("name", required=False)
@click.option("--until", type=DAY, help="A person's pause ends on this day by itself.")
@click.option("--reason", default="", help="For your colleagues' eyes.")
@click.option("--by", type=ADDRESS, help="The colleague who pauses.")
@pass_installation
def pause(
    installation: Installation,
    what: str,
    name: str | None,
    until: date | None,
    reason: str,
    by: EmailAddress | None,
) -> int:
    """Pause WHAT (NAME: a mailbox's address, a sequence's number or name, a person's address). Audited.

    When this says so, nothing in it starts leaving any more. `resume` lets it go on.
    """
    now = installation.services.clocks.calendar()
    if until is not None and (what != "person" or until <= now.astimezone(HOME).date()):
        raise click.UsageError("--until is for a person, and a day that is still to come.")
    ends = datetime.combine(until, time.min, HOME).astimezone(UTC) if until else None
    with installation.services.database.reading() as session:
        scope, who = _scope(session, installation, what, name), _actor(session, by)
    done = pauses.pause(installation.services.pause_desk, scope, Wish(who, now, reason, ends))
    click.echo("Paused." if done.changed else "It was paused already.")
    if not done.is_final:
        click.echo(f"{len(done.leaving)} mails were leaving at this moment and may still arrive.")
    return OK


@click.command("resume", short_help="Let go on what was paused.")
@click.argument("what", type=_WHAT)
@click.argument("name", required=False)
@click.option("--by", type=ADDRESS, help="The colleague who lets it go on.")
@pass_installation
def resume(installation: Installation, what: str, name: str | None, by: EmailAddress | None) -> int:
    """Let WHAT go on. What is too late by then is asked about instead of sent. Audited.

    Exit code 1 when it was not paused.
    """
    services = installation.services
    with services.database.transaction() as session:
        scope, who = _scope(session, installation, what, name), _actor(session, by)
        changed = pauses.resume(session, scope, Wish(who, services.clocks.calendar()))
    click.echo("It goes on." if changed else "It was not paused.")
    return OK if changed else NO


def _actor(session: Session, by: EmailAddress | None) -> Actor:
    who = colleague(session, str(by) if by else None)
    return Actor.staff(who.id) if who else chain.OWNER


def _scope(session: Session, installation: Installation, what: str, name: str | None) -> Scope:
    if what == "everything":
        return EVERYTHING
    if not name:
        raise click.UsageError(f"Say which {what}.")
    if what == "mailbox":
        found = session.scalar(select(Mailbox.id).where(Mailbox.address == name.strip().lower()))
    elif what == "sequence":
        number = whole_number(name)
        same = Sequence.name == name if number is None else Sequence.id == number
        found = session.scalar(select(Sequence.id).where(same))
    else:
        found = _enrolment(session, installation, name)
    if found is None:
        raise click.BadParameter(_NONE[what], param_hint="NAME")
    return Scope(Reach.ENROLMENT if what == "person" else Reach(what), found)


def _enrolment(session: Session, installation: Installation, name: str) -> int | None:
    try:
        keys = installation.keys_of(EmailAddress.parse(name))
    except InvalidAddressError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from error
    known = person.find(session, installation.ring, keys).known
    if known is None:
        return None
    theirs = select(Enrolment.id).where(Enrolment.prospect_id == known.id, Enrolment.state.in_(ACTIVE))
    return session.scalar(theirs)


COMMANDS: Final = (pause, resume)
