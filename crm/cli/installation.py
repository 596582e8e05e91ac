"""`migrate`, `keys`, `audit` and `doctor`: the installation itself."""

from typing import Final

import click

from crm.audit import chain
from crm.cli.context import NO, OK, Installation, pass_installation
from crm.cli.doctor import examine
from crm.cli.findings import Health
from crm.kernel import schema


@click.command("migrate", short_help="Bring the database to this version.")
@pass_installation
def migrate(installation: Installation) -> None:
    """Bring the database to this version of the program. Interrupted anywhere, the old schema is there."""
    database = installation.services.database
    before = schema.current(database)
    schema.migrate(database)
    after = schema.current(database)
    came = "" if before == after else f", and was at {before or 'nothing'}"
    click.echo(f"The database is at {after}{came}.")


@click.group("keys", short_help="The secrets of the installation.")
def keys() -> None:
    """The secrets of the installation: files of their own, never in the database."""


@keys.command("init")
@pass_installation
def init(installation: Installation) -> None:
    """Make the folder, its settings and the keys that are missing. What is there stays."""
    installation.roof.make(installation.var)
    folder = installation.var / "keys"
    click.echo(f"Everything is in {installation.var}. Keep a copy of {folder} apart from the backups of the")
    click.echo("database: without the keys no refusal can be found again.")


@click.command("audit", short_help="Prove that nobody changed the audit log.")
@pass_installation
def audit(installation: Installation) -> int:
    """Prove that nobody changed the audit log."""
    with installation.services.database.reading() as session:
        wrong = chain.verify(session)
    if wrong is None:
        click.echo("The chain holds: nothing was changed, left out or put in.")
        return OK
    click.echo(f"The log was changed at or before entry {wrong}.", err=True)
    return NO


@click.command("inbound-address", short_help="Where a mail provider posts inbound mail.")
@pass_installation
def inbound_address(installation: Installation) -> None:
    """Show the address to give to SendGrid's Inbound Parse. It holds a secret: show it to nobody else."""
    settings = installation.services.settings
    click.echo(f"{settings.base_url}/hooks/inbound/{settings.keys.inbound_names[-1]}")
    if settings.is_loopback:
        click.echo("CRM_BASE_URL is this machine: nobody can post there from outside.", err=True)


@click.command("doctor", short_help="Look everything over, and say what to mend.")
@click.option("--offline", is_flag=True, help="Ask nobody outside this machine.")
@pass_installation
def doctor(installation: Installation, offline: bool) -> int:  # noqa: FBT001 - click's
    """Look at settings, keys, database, clock, scheduler, mailer and domains, and say what to mend.

    Exit code 0 when everything is well or only worth a look, 1 when something has to be mended.
    """
    signs = {Health.WELL: "ok  ", Health.LOOK: "look", Health.ILL: "MEND"}
    worst = Health.WELL
    for finding in examine(installation.var, installation.roof.open, offline=offline):
        click.echo(f"{signs[finding.health]}  {finding.what}: {finding.words}")
        worst = max(worst, finding.health)
    return NO if worst is Health.ILL else OK


COMMANDS: Final = (migrate, keys, audit, inbound_address, doctor)
