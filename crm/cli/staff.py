"""`staff`: the colleagues who log in."""

from typing import Final

import click

from crm.audit import chain
from crm.cli.context import ADDRESS, NOBODY, Installation, pass_installation
from crm.kernel.addresses import EmailAddress
from crm.staff import accounts
from crm.staff.models import Role, Staff
from crm.workflows.house import change_staff
from crm.workflows.house.open_house import invitation_link

ROLE: Final = click.Choice([one.value for one in Role])


@click.group("staff", short_help="The colleagues who log in.")
def staff() -> None:
    """Colleagues: list them, invite one, change a role, shut an account."""


@staff.command("list")
@pass_installation
def list_(installation: Installation) -> None:
    """Show everybody who has an account."""
    with installation.services.database.reading() as session:
        for one in accounts.everybody(session):
            shut = f"  (shut since {one.disabled_at:%Y-%m-%d})" if one.disabled_at else ""
            click.echo(f"{one.role.value:<8}  {one.name}  {one.email}{shut}")


@staff.command("invite", short_help="A link with which somebody claims an account.")
@click.argument("role", type=ROLE)
@pass_installation
def invite(installation: Installation, role: str) -> None:
    """Print a link with which somebody claims an account with ROLE: once, within 72 hours. Audited."""
    services = installation.services
    with services.database.transaction() as session:
        link = invitation_link(
            session, Role(role), services.settings.base_url, actor=chain.OWNER, at=services.clocks.real()
        )
    click.echo(link)


@staff.command("role", short_help="Give a colleague another role.")
@click.argument("email", type=ADDRESS)
@click.argument("role", type=ROLE)
@pass_installation
def role_(installation: Installation, email: EmailAddress, role: str) -> None:
    """Give the colleague with EMAIL another ROLE; they have to log in again. Audited."""
    services = installation.services
    with services.database.transaction() as session:
        person = _account(accounts.by_email(session, str(email)))
        change_staff.change_role(session, person.id, Role(role), by=None, at=services.clocks.real())
    click.echo("Done. They have to log in again.")


@staff.command("disable")
@click.argument("email", type=ADDRESS)
@pass_installation
def disable(installation: Installation, email: EmailAddress) -> None:
    """Shut the account of EMAIL; they are logged out everywhere. Audited."""
    services = installation.services
    with services.database.transaction() as session:
        person = _account(accounts.by_email(session, str(email)))
        change_staff.disable(session, person.id, by=None, at=services.clocks.real())
    click.echo("Shut. `staff enable` opens it again.")


@staff.command("enable")
@click.argument("email", type=ADDRESS)
@pass_installation
def enable(installation: Installation, email: EmailAddress) -> None:
    """Open the account of EMAIL again. Audited."""
    services = installation.services
    with services.database.transaction() as session:
        person = _account(accounts.by_email(session, str(email)))
        change_staff.enable(session, person.id, by=None, at=services.clocks.real())
    click.echo("Open.")


def _account(found: Staff | None) -> Staff:
    if found is None:
        raise click.BadParameter(NOBODY, param_hint="EMAIL")
    return found


COMMANDS: Final = (staff,)
