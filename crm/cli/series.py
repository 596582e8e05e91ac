"""`sequences` and `enrol`: who is to get which series."""

from collections.abc import Sequence as Many
from typing import BinaryIO, Final

import click
from sqlalchemy.orm import Session

from crm.cli.context import ADDRESS, NO, OK, Installation, colleague, pass_installation, text_of
from crm.cli.sequence import published
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError
from crm.permission.words import in_short
from crm.queries.inbox import person
from crm.queries.pages.funnel import overview
from crm.sequences.models import EnrolmentState
from crm.workflows.foresight.foresee_notices import foresee_notices
from crm.workflows.series.enrol import enrol as put_in


@click.command("sequences", short_help="The sequences, and who is where.")
@pass_installation
def sequences(installation: Installation) -> None:
    """List the sequences, and how many people are where."""
    with installation.services.database.reading() as session:
        for one, counts, _ in overview(session):
            there = [state for state in EnrolmentState if counts.get(state)]
            found = ", ".join(f"{counts[state]:,} {state.value}" for state in there)
            paused = "  (paused)" if one.paused_at else ""
            click.echo(f"{one.id:>4}  {one.language}  {one.name}{paused}  {found or 'nobody yet'}")


@click.command("enrol", short_help="Put people in a sequence.")
@click.argument("sequence")
@click.argument("addresses", nargs=-1, type=ADDRESS)
@click.option("--from", "file", type=click.File("rb"), help="Addresses, one a line.")
@click.option("--by", type=ADDRESS, help="The colleague who enrols them.")
@pass_installation
def enrol(
    installation: Installation,
    sequence: str,
    addresses: tuple[EmailAddress, ...],
    file: BinaryIO | None,
    by: EmailAddress | None,
) -> int:
    """Put people in SEQUENCE (a number or a name), those whom the gate lets in; the others with the reason.

    Exit code 0 when everybody is in, 1 when somebody is not.
    """
    services = installation.services
    wanted = [*addresses, *_read(file)]
    if not wanted:
        raise click.UsageError("Name at least one address, or a file of them with --from.")
    with services.database.transaction() as session:
        who = colleague(session, str(by) if by else None)
        ids = {one: _prospect(session, installation, one) for one in wanted}
        known = [id_ for id_ in ids.values() if id_ is not None]
        series = published(session, sequence).id
        found = put_in(
            session,
            known,
            series,
            by=who.id if who else None,
            now=services.clocks.calendar(),
            settings=services.settings,
        )
    begun = [one.prospect_id for one in found if one.is_in]
    answers = {one.prospect_id: one for one in found}
    missing = 0
    for address, id_ in ids.items():
        answer = answers.get(id_) if id_ is not None else None
        if answer is not None and answer.due_at is not None:
            click.echo(f"+ {address}  first step {answer.due_at:%Y-%m-%d %H:%M} UTC")
            continue
        missing += 1
        decision = answer.decision if answer else None
        against = decision is not None and bool(decision.against)
        reason = in_short(decision) if decision is not None and against else "in a sequence already"
        click.echo(f"- {address}  {reason if answer else 'we hold no prospect with this address'}")
    click.echo(f"{len(ids) - missing} enrolled, {missing} not. `./scripts/crm why ADDRESS` says all of it.")
    _warn(installation, series, begun)
    return NO if missing else OK


def _warn(installation: Installation, series: int, begun: Many[int]) -> None:
    """Say how many would be stopped, because nobody told them in time that we have their data."""
    services = installation.services
    with services.database.reading() as session:
        late = foresee_notices(
            session, series, begun, now=services.clocks.calendar(), settings=services.settings
        )
    if late is None:
        return
    click.echo(
        f"! {late.number:,} of {late.of:,} would be too late: at {late.cap} mails a day {late.mailbox} tells "
        f"{late.in_time:,} of them within a month that we have their data. The others will be stopped."
    )
    most = f", and a mailbox may send {late.cap_at_most}" if late.mailboxes_needed > 1 else ""
    click.echo(
        f"  What mends it: about {late.cap_needed} mails a day{most}; another mailbox with a sequence of its "
        "own; or fewer people. `./scripts/crm rehearse SEQUENCE --running --quiet` plays it."
    )


def _read(file: BinaryIO | None) -> Many[EmailAddress]:
    found = []
    for number, line in enumerate(text_of(file).splitlines() if file else (), 1):
        if line.strip():
            try:
                found.append(EmailAddress.parse(line))
            except InvalidAddressError as error:
                raise click.BadParameter(f"Line {number}: {error}", param_hint="--from") from error
    return found


def _prospect(session: Session, installation: Installation, address: EmailAddress) -> int | None:
    found = person.find(session, installation.ring, installation.keys_of(address)).known
    return found.id if found else None


COMMANDS: Final = (sequences, enrol)
