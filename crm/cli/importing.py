"""`import` and `imports`: prospects from a file, watched to the end."""

import math
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy.orm import Session

from crm.cli.context import NO, OK, Installation, colleague, pass_installation
from crm.cli.import_options import choices_of, with_options
from crm.cli.progress import ImportBar, tally
from crm.prospects import imports as room
from crm.prospects import uploads
from crm.prospects.import_models import Import, ImportState
from crm.prospects.import_pace import left_in_words
from crm.prospects.reading.table import Table, open_table
from crm.queries.imports.preview import Preview, preview
from crm.workflows.people.import_prospects import import_prospects
from crm.workflows.people.import_run import Progress
from crm.workflows.people.receive_import import receive_import, start_import


@click.command("import", short_help="Prospects from a CSV or XLSX file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_options
@pass_installation
def import_(installation: Installation, /, file: Path, **given: Any) -> int:  # noqa: ANN401 - click's options
    """Take prospects in from a CSV or XLSX FILE.

    Each row is added, or fills gaps of somebody we know. Who told us to stop stays out, whatever the file
    says. Columns that the privacy policy does not name are dropped, and named. After a crash, `imports
    resume` goes on at the first row that is missing.
    """
    intake, services = installation.services.intake, installation.services
    table = open_table(file)
    with services.database.reading() as session:
        person = colleague(session, str(given["by"]) if given["by"] else None)
        choices = choices_of(table, given, by=person.name if person else "the owner")
        found = preview(
            session,
            table,
            choices,
            ring=installation.ring,
            controller=services.settings.controller,
            now=services.clocks.calendar(),
            shown=10,
        )
    _show_preview(table, found)
    if found.problems or given["only_preview"]:
        return NO if found.problems else OK
    if not given["yes"]:
        click.confirm("Import these rows?", abort=True)
    with file.open("rb") as source:
        row, _ = receive_import(intake, source, file_name=file.name, by=person.id if person else None)
    return _run(installation, start_import(intake, row.public_id, choices))


def _show_preview(table: Table, found: Preview) -> None:
    click.echo(f"{table.described}." + "".join(f" {note}" for note in table.notes))
    for header, reason in found.dropped:
        click.echo(f"  not kept: {header}. {reason.words}")
    far = "" if found.is_whole else f" The first {found.looked_at:,} rows:"
    click.echo(f"What would happen:{far}")
    for words, number in tally({outcome.value: number for outcome, number in found.counts.items()}):
        click.echo(f"  {number:>9,}  {words}")
    for row in found.rows:
        if row.reason:
            click.echo(f"  line {row.line}: {row.reason}")
    for problem in found.problems:
        click.echo(f"Not yet: {problem}", err=True)


def _run(installation: Installation, row: Import) -> int:
    intake, bar = installation.services.intake, ImportBar()
    on_with = f"Go on with: ./scripts/crm imports resume {row.public_id}"
    try:
        ended = import_prospects(intake, row.id, on_progress=bar.show)
    except KeyboardInterrupt:
        bar.end()
        click.echo(f"What is done stays. {on_with}", err=True)
        raise
    bar.end()
    if ended is None:
        click.echo(_why_not(installation, row.public_id))
        return NO
    _show_result(ended)
    broken = uploads.broken_path(intake.uploads, row.stored_as)
    if broken.exists():
        click.echo(f"The broken rows, with line and reason, to be mended and imported again: {broken}")
    if ended.state is ImportState.DONE:
        return OK
    if ended.state is ImportState.FAILED:
        on_with = "Mend the file and import it again: whoever is here by now is known, and taken once."
    click.echo(f"{ended.fault} {ended.position:,} rows are done. {on_with}", err=True)
    return NO


def _why_not(installation: Installation, name: str) -> str:
    """A worker that was killed cannot say that it is gone: its claim runs out."""
    with installation.services.database.reading() as session:
        row = _found(session, name)
    left = (row.lease_until - installation.services.clocks.real()).total_seconds() if row.lease_until else 0
    if row.state is not ImportState.RUNNING or left <= 0:
        return "It is over. `imports list` shows how it ended."
    return f"A worker has it, or had it when it died: then resume it in {math.ceil(left)} seconds."


def _show_result(ended: Progress) -> None:
    for words, number in tally(ended.counts):
        click.echo(f"  {number:>9,}  {words}")
    click.echo(f"  {sum(ended.counts.values()):>9,}  rows in all")


@click.group("imports", short_help="Imports so far; go on with one.")
def imports() -> None:
    """Imports so far: list them, go on with one, or see why rows were not taken."""


@imports.command("list")
@pass_installation
def list_(installation: Installation) -> None:
    """Show the latest imports."""
    with installation.services.database.reading() as session:
        for row in room.newest(session):
            total = f" of {row.total:,}" if row.total is not None else ""
            counts = ", ".join(f"{number:,} {words}" for words, number in tally(row.counts))
            line = f"{row.public_id}  {row.created_at:%Y-%m-%d %H:%M}  {row.state.value:<8}"
            left = left_in_words(row, real_now=installation.services.clocks.real())
            parts = [f"{row.position:,}{total} rows", left, row.file_name, counts]
            click.echo("  ".join([line, *(part for part in parts if part)]))


@imports.command("resume")
@click.argument("name")
@pass_installation
def resume(installation: Installation, name: str) -> int:
    """Go on with import NAME where it stopped."""
    with installation.services.database.transaction() as session:
        row = _found(session, name)
        room.resume(session, row.id)
    return _run(installation, row)


@imports.command("stop", short_help="Stop import NAME; what is done stays.")
@click.argument("name")
@pass_installation
def stop(installation: Installation, name: str) -> int:
    """Stop import NAME after the batch at hand; what is done stays, and `resume` goes on."""
    with installation.services.database.transaction() as session:
        stopped = room.stop(session, _found(session, name).id)
    click.echo("Stopped." if stopped else "It was not running.")
    return OK if stopped else NO


@imports.command("rows", short_help="The rows that were not simply taken, and why.")
@click.argument("name")
@click.option("--limit", default=1_000, show_default=True, help="At most so many.")
@pass_installation
def rows(installation: Installation, name: str, limit: int) -> None:
    """Show the rows of import NAME that were not simply taken, with their reasons."""
    with installation.services.database.reading() as session:
        for line in room.lines(session, _found(session, name).id, limit=limit):
            click.echo(f"line {line.line}: {line.outcome.value}. {line.reason}")


def _found(session: Session, name: str) -> Import:
    row = room.find(session, name)
    if row is None:
        raise click.BadParameter("There is no such import. `imports list` shows them.")
    return row


COMMANDS: Final = (import_, imports)
