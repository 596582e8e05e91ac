"""`why` and `export`: what we know of one person, and what the gate says."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.cli.context import ADDRESS, NO, OK, Installation, pass_installation
from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressDigest
from crm.permission.findings import Decision, Verdict
from crm.permission.reasons import Weight
from crm.permission.words import explained
from crm.privacy import register
from crm.queries.inbox import person
from crm.queries.pages.prospect import Sheet, sheet
from crm.workflows.foresight.why_not import outlooks
from crm.workflows.foresight.why_told import Outlook, headline, next_step, say
from crm.workflows.refusals.export_person import House, export_person

_ANSWERS: Final = {
    Verdict.ALLOW: "Yes, we may write.",
    Verdict.WAIT: "Not now.",
    Verdict.DENY: "No, we may not write.",
}
_SIGNS: Final = {Weight.OK: "+", Weight.WAIT: "~", Weight.DENY: "-"}


@click.command("why", short_help="Whether we may write to somebody, and why.")
@click.argument("address", type=ADDRESS)
@pass_installation
def why(installation: Installation, address: EmailAddress) -> int:
    """Say whether we may write to ADDRESS, with every reason, what would change it, and the next mail.

    Exit code 0 when we may, 1 when we may not (now).
    """
    services = installation.services
    with services.database.reading() as session:
        found = person.find(session, installation.ring, installation.keys_of(address))
        if found.known is None:
            return _unknown(session, found.digests)
        now, id_ = services.clocks.calendar(), found.known.id
        shown = sheet(session, id_, now=now, settings=services.settings)
        outlook = outlooks(session, [id_], now=now, settings=services.settings)[id_]
    _describe(shown)
    _explain(shown.may_write, shown.person.zone)
    if shown.may_write_by_hand.allows and not shown.may_write.allows:
        click.echo("A colleague may write to them by hand.")
    _what_comes(shown, outlook)
    return OK if shown.may_write.allows else NO


def _unknown(session: Session, digests: list[AddressDigest]) -> int:
    standing = register.standing(session, digests)
    click.echo("We hold no prospect with this address.")
    for one in standing:
        what = f"{one.scope.value}, {one.reason.value}, {one.refused_at:%Y-%m-%d}"
        click.echo(f"- The register has a refusal: {what}.")
    if not standing:
        click.echo("The register has no refusal of it either.")
    return NO


def _describe(shown: Sheet) -> None:
    who = shown.person
    named = ", ".join(part for part in (who.name, who.role, who.company, who.country) if part)
    click.echo(f"{named}  ({who.status.value})")


def _explain(decision: Decision, zone: ZoneInfo) -> None:
    click.echo(_ANSWERS[decision.verdict])
    for finding, words in explained(decision, zone):
        click.echo(f"  {_SIGNS[finding.weight]} {words.title}. {words.detail}".rstrip())
        if finding.weight is not Weight.OK and words.mend:
            click.echo(f"      {words.mend}")
    if decision.retry_at is not None:
        click.echo(f"Not before {_moment(decision.retry_at, zone)} (their time).")


def _what_comes(shown: Sheet, outlook: Outlook) -> None:
    for series in shown.series:
        row = series.enrolment
        why_not = f", {row.stop_reason.value.replace('_', ' ')}" if row.stop_reason else ""
        click.echo(f"Sequence {series.name}: {row.state.value}{why_not}, step {row.position}.")
    zone = shown.person.zone
    at = "Nothing is planned."
    if outlook.at:
        at = f"{next_step(outlook)}: {_moment(outlook.at, zone)} (their time)."
    click.echo(f"{headline(outlook)} {at}")
    for number, one in enumerate(outlook.obstacles, 1):
        said = say(one, outlook.decision)
        until = f" until {_moment(one.until, zone)}" if one.until else ""
        click.echo(f"  {number}. {said.title}{until}. {said.detail}".rstrip())
        click.echo(f"      {said.mend}")


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %d %b %Y %H:%M}"


@click.command("export", short_help="Everything we hold about somebody.")
@click.argument("address", type=ADDRESS)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; else the screen.")
@pass_installation
def export(installation: Installation, address: EmailAddress, out: Path | None) -> None:
    """Write down everything we hold about ADDRESS, as JSON (GDPR articles 15 and 20). Audited."""
    services = installation.services
    house = House(installation.ring, services.settings.controller, services.settings.retention_months)
    with services.database.transaction() as session:
        found = export_person(
            session,
            house,
            installation.keys_of(address)[0],
            at=services.clocks.calendar(),
            by=chain.OWNER,
        )
    text = json.dumps(found, ensure_ascii=False, indent=2)
    if out is None:
        click.echo(text)
        return
    # Personal data: for the eyes of whoever ran the command.
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    click.echo(f"Written to {out}.", err=True)


COMMANDS: Final = (why, export)
