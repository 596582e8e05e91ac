"""`refuse`, `erase` and `replay`: a no said on the phone, and what a restore must not forget."""

from typing import Final

import click

from crm.audit import chain
from crm.cli.context import ADDRESS, NO, OK, Installation, pass_installation
from crm.kernel.addresses import EmailAddress
from crm.kernel.domains import registrable_domain
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.inbox import person
from crm.workflows.refusals.erase import Shelves
from crm.workflows.refusals.erase import erase as erase_person
from crm.workflows.refusals.refuse import Answer, Mailbox
from crm.workflows.refusals.refuse import refuse as write_down
from crm.workflows.refusals.restore_refusals import restore_refusals

_REASONS: Final = (RefusalReason.BY_STAFF, RefusalReason.OBJECTION, RefusalReason.DECLINED)


@click.command("refuse", short_help="Never write to somebody again.")
@click.argument("address", type=ADDRESS)
@click.option("--company", is_flag=True, help="Nobody at their company wants mail.")
@click.option(
    "--reason",
    type=click.Choice([one.value for one in _REASONS]),
    default=RefusalReason.BY_STAFF.value,
    show_default=True,
    help="How they put it; it is never taken back.",
)
@pass_installation
def refuse(installation: Installation, address: EmailAddress, company: bool, reason: str) -> int:  # noqa: FBT001 - click's
    """Never write to ADDRESS again. What is planned is taken back. Audited."""
    domain = registrable_domain(address.domain) if company else None
    if company and domain is None:
        raise click.UsageError("Anybody can have an address at that domain: it is not a company's.")
    wish = Wish(
        scope=RefusalScope.DOMAIN if company else RefusalScope.ADDRESS,
        reason=RefusalReason(reason),
        channel="staff",
        at=installation.services.clocks.calendar(),
    )
    mailbox = Mailbox(installation.keys_of(address), domain)
    answer = write_down(installation.services.refusal_desk(), mailbox, wish, by=chain.OWNER)
    _tell(answer)
    return OK


def _tell(answer: Answer) -> None:
    click.echo(f"{'Written down' if answer.is_news else 'On record already'}: {answer.reference}.")
    stopped = answer.stopped
    click.echo(f"{stopped.messages} planned mails taken back, {stopped.enrolments} sequences stopped.")
    if not answer.is_final:
        click.echo("One mail was leaving at this moment and may still arrive.")


@click.command("erase", short_help="Forget somebody, for good.")
@click.argument("address", type=ADDRESS)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@pass_installation
def erase(installation: Installation, address: EmailAddress, yes: bool) -> int:  # noqa: FBT001 - click's
    """Forget ADDRESS: everything but the no that goes with it (GDPR article 17). Audited, for good."""
    services = installation.services
    keys = installation.keys_of(address)
    with services.database.reading() as session:
        held = person.find(session, installation.ring, keys).prospect_ids
    if not held:
        click.echo(f"We hold nobody with the address {address}. Their no is kept all the same.")
    if not yes:
        click.confirm("Forget this person? This cannot be undone.", abort=True)
    receipt = erase_person(
        installation.services.refusal_desk(),
        Shelves(services.settings.var, services.sent_mail),
        Mailbox(keys),
        channel="staff",
        at=services.clocks.calendar(),
        by=chain.OWNER,
    )
    if receipt.is_done:
        click.echo(f"Forgotten. Receipt: {receipt.reference}.")
        return OK
    click.echo(f"Begun, and finished by the scheduler. Receipt: {receipt.reference}.")
    return NO


@click.command("replay", short_help="After a restore: bring refusals and erasures back.")
@pass_installation
def replay(installation: Installation) -> None:
    """After a restore: refuse and forget again what was since the backup. Safe to repeat."""
    services = installation.services
    found = restore_refusals(
        services.database, installation.ring, services.journal, at=services.clocks.calendar()
    )
    click.echo(f"{found.refusals} refusals and {found.erasures} erasures came back from the journal.")
    if found.unreadable:
        click.echo(f"{found.unreadable} lines of the journal cannot be read.", err=True)


COMMANDS: Final = (refuse, erase, replay)
