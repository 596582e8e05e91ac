"""`suppressions`: the mail provider's lists beside our register, and both brought to what either knows."""

from typing import Final

import click

from crm.audit import chain
from crm.cli.context import NO, OK, Installation, pass_installation
from crm.delivery.account_ports import ListKind, NoAnswer
from crm.workflows.reports.reconcile_suppressions import Reconciled, reconcile_suppressions
from crm.workflows.reports.take_in_suppressions import Difference

_NAMES: Final = {
    ListKind.BOUNCES: "bounces",
    ListKind.BLOCKS: "blocks",
    ListKind.INVALID: "invalid addresses",
    ListKind.SPAM_REPORTS: "spam reports",
    ListKind.UNSUBSCRIBES: "unsubscribed from all",
    ListKind.GROUPS: "unsubscribed from a group",
}
_WHY: Final = {
    "not_allowed": "the key may not read or change it: give it the Suppressions scopes",
    "throttled": "asked too often: try again later",
    "unreachable": "SendGrid cannot be reached from here",
    "certificate": "what answers cannot prove that it is SendGrid",
}


@click.command("suppressions", short_help="Compare SendGrid's lists with our register.")
@click.option("--preview", is_flag=True, help="Change nothing, only say.")
@click.option("--list", "listed", is_flag=True, help="Name everybody whom one side did not know.")
@pass_installation
def suppressions(installation: Installation, preview: bool, listed: bool) -> int:  # noqa: FBT001 - click's
    """Add to SendGrid's lists and to our register what the other knows. Nobody is taken off either. Audited.

    The scheduler does this once a day. Exit code 1 when something could not be asked or told.
    """
    services = installation.services
    if services.account is None:
        raise click.UsageError("Mail does not go out through SendGrid here: CRM_MAILER is not sendgrid.")
    found = reconcile_suppressions(
        services.refusal_desk(),
        services.account,
        now=services.clocks.calendar(),
        by=chain.OWNER,
        looking=preview,
    )
    _tell(found, preview=preview)
    if listed:
        for one in found.differences:
            click.echo(_line(one))
    for prospect_id, reason in found.set_aside.items():
        click.echo(f"prospect {prospect_id}: SendGrid does not take the address ({reason}).", err=True)
    for name, answer in found.unasked.items():
        click.echo(f"{name}: {_why(answer)}.", err=True)
    return NO if found.unasked or found.set_aside else OK


def _tell(found: Reconciled, *, preview: bool) -> None:
    would = "would be" if preview else "were"
    for kind, count in found.seen.items():
        click.echo(f"{count:>7}  {_NAMES[kind]}")
    click.echo(f"{found.taken:>7}  of them {would} written down here")
    click.echo(f"{found.told:>7}  of ours {would} told to SendGrid")
    if found.unreadable:
        click.echo(f"{found.unreadable:>7}  entries are no address, and stay with SendGrid alone")


def _line(one: Difference) -> str:
    return f"{one.address}  {_NAMES[one.kind]} at SendGrid" if one.kind else f"{one.address}  refused here"


def _why(answer: NoAnswer) -> str:
    return _WHY.get(answer.reason, f"no usable answer ({answer.reason})")


COMMANDS: Final = (suppressions,)
