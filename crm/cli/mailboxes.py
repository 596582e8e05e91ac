"""`mailbox`: the addresses we send from."""

from typing import Final

import click
from sqlalchemy import func, select

from crm.audit import chain
from crm.cli.context import ADDRESS, OK, Installation, pass_installation
from crm.delivery.models import Mailbox
from crm.kernel.addresses import EmailAddress
from crm.workflows.house.add_mailbox import add_mailbox, move_mailbox


@click.group("mailbox", short_help="The addresses we send from.")
def group() -> None:
    """The mailboxes: list them, add one, or give one another address. Pace and names: under Settings."""


@group.command("list")
@pass_installation
def list_(installation: Installation) -> None:
    """Show every mailbox."""
    with installation.services.database.reading() as session:
        for one in session.scalars(select(Mailbox).order_by(Mailbox.id)):
            paused = "  (paused)" if one.paused_at else ""
            click.echo(f"{one.id:>4}  {one.address}  {one.display_name}, {one.daily_cap} a day{paused}")


@group.command("add", short_help="Add one.")
@click.argument("address", type=ADDRESS)
@click.option("--name", required=True, help="The name recipients see.")
@click.option("--signs", default="", help="Who signs; the name otherwise.")
@pass_installation
def add(installation: Installation, address: EmailAddress, *, name: str, signs: str) -> int:
    """Add ADDRESS as a mailbox, with the default pace: few mails on the first day, and more each day."""
    services = installation.services
    with services.database.transaction() as session:
        add_mailbox(
            session, str(address), display_name=name, sender_name=signs, by=chain.OWNER,
            at=services.clocks.calendar(),
        )  # fmt: skip
    click.echo(f"Added. `./scripts/crm doctor` looks at what the name system says of {address.domain}.")
    return OK


@group.command("address", short_help="Give one another address.")
@click.argument("old", type=ADDRESS)
@click.argument("new", type=ADDRESS)
@pass_installation
def address(installation: Installation, old: EmailAddress, new: EmailAddress) -> int:
    """Let the mailbox OLD send from NEW. Mails that are written already leave as they are."""
    services = installation.services
    with services.database.transaction() as session:
        named = func.lower(Mailbox.address) == str(old).lower()
        id_ = session.scalar(select(Mailbox.id).where(named))
        if id_ is None:
            raise click.BadParameter(
                "We send from no such address. `mailbox list` shows them.", param_hint="OLD"
            )
        move_mailbox(session, id_, str(new), by=chain.OWNER, at=services.clocks.calendar())
    click.echo("Changed. What waits in the outbox keeps the old address; follow-ups come from the new one.")
    return OK


COMMANDS: Final = (group,)
