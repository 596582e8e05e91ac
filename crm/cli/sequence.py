"""`sequence`: read one, draft the next version in a file, and publish it with the differences in view."""

from typing import BinaryIO, Final

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.cli import sequence_file, sequence_told
from crm.cli.context import ADDRESS, NO, OK, Installation, colleague, pass_installation, text_of
from crm.cli.sequence_file import DraftFile
from crm.delivery.models import Mailbox
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.kernel.text import whole_number
from crm.queries.pages.arms import compared
from crm.queries.pages.on_their_way import affected
from crm.queries.pages.versions_of import versions_of
from crm.sequences import drafts, versions
from crm.sequences.drafts import Typed
from crm.sequences.models import Sequence
from crm.sequences.plain import plain
from crm.sequences.shape import Version
from crm.workflows.series.look_at_draft import look_at_draft
from crm.workflows.series.publish_draft import Looked, publish_draft
from crm.workflows.series.save_draft import save_draft

NO_SUCH: Final = "There is no such sequence. `sequences` lists them."
UNPUBLISHED: Final = "Nothing of it is published yet. `sequence publish {number}` publishes its draft."


@click.group("sequence", short_help="Read a sequence, draft its next version, publish it.")
def group() -> None:
    """Read a sequence, draft its next version in a file, and publish it."""


@group.command("show", short_help="What it says, version by version.")
@click.argument("sequence")
@click.option("--version", "number", type=click.IntRange(1), help="An older version; the newest otherwise.")
@pass_installation
def show(installation: Installation, sequence: str, number: int | None) -> int:
    """Print what SEQUENCE (a number or a name) says, and how its texts compare."""
    with installation.services.database.reading() as session:
        row = found(session, sequence)
        published = versions_of(session, row.id)
        for line in sequence_told.heads(row, published, drafts.read(session, row.id)):
            click.echo(line)
        chosen = next((one for one in published if number in {None, one.number}), None)
        if chosen is None:
            click.echo("Nothing is published yet." if number is None else f"There is no version {number}.")
            return NO
        click.echo(
            f"\nVersion {chosen.number}\n\n{plain(versions.read(session, [chosen.id])[chosen.id].steps)}"
        )
        for line in sequence_told.arms(compared(session, row.id)):
            click.echo(line)
    return OK


@group.command("draft", short_help="Print the next version as a file, or save one.")
@click.argument("sequence")
@click.option("--from", "file", type=click.File("rb"), help="Save this file as the draft.")
@click.option("--by", type=ADDRESS, help="The colleague who edits it.")
@pass_installation
def draft(installation: Installation, sequence: str, file: BinaryIO | None, by: EmailAddress | None) -> int:
    """Print the draft of SEQUENCE, or its newest version to make one from; with --from, save it.

    Nothing changes for anybody until it is published. A name that is not known yet begins a sequence.
    """
    services = installation.services
    if file is None:
        with services.database.reading() as session:
            row = found(session, sequence)
            kept = drafts.read(session, row.id)
            typed = kept.typed if kept else _published(session, row)
            box = session.get_one(Mailbox, typed.mailbox_id).address
        seen = kept.revision if kept else 0
        click.echo(
            sequence_file.written(DraftFile(typed.name, typed.language, box, seen, typed.steps)), nl=False
        )
        return OK
    with services.database.transaction() as session:
        who = colleague(session, str(by) if by else None)
        known = _known(session, sequence)
        read = sequence_file.read(text_of(file), _newest(session, known.id) if known else None)
        box_id = _mailbox(session, read.sent_from, known)
        typed = Typed(read.name, read.language, box_id, read.steps)
        id_, revision = save_draft(
            session,
            typed,
            sequence_id=known.id if known else None,
            seen=read.revision,
            by=who.id if who else None,
            at=services.clocks.calendar(),
        )
        faults = look_at_draft(session, id_, typed).faults
    click.echo(f"Saved as draft {revision} of sequence {id_}.")
    for line in sequence_told.faults(faults):
        click.echo(line)
    return OK


@group.command("publish", short_help="Publish the draft, after a look at what changes.")
@click.argument("sequence")
@click.option("--move", is_flag=True, help="Those on their way get it too. Otherwise only new people do.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--by", type=ADDRESS, help="The colleague who publishes it.")
@pass_installation
def publish(
    installation: Installation, sequence: str, *, move: bool, yes: bool, by: EmailAddress | None
) -> int:
    """Show what the draft of SEQUENCE changes, for three real people and for whom; then publish it.

    Exit code 1 when there is no draft, or when it has faults.
    """
    services = installation.services
    with services.database.reading() as session:
        row = found(session, sequence)
        kept = drafts.read(session, row.id)
        if kept is None:
            click.echo("There is no draft. `sequence draft` makes one.", err=True)
            return NO
        look = look_at_draft(session, row.id, kept.typed)
        names = affected(session, row.id, look.new, not_in=None)
        for line in sequence_told.look(look, names, moved=move):
            click.echo(line)
    if look.faults:
        return NO
    if not yes:
        click.confirm("Publish it?", abort=True)
    looked = Looked(kept.revision, look.old.id if look.old else None, look.up_to if move else None)
    with services.database.transaction() as session:
        who = colleague(session, str(by) if by else None)
        moved = publish_draft(
            session, row.id, looked, by=who.id if who else None, at=services.clocks.calendar()
        )
    stayed = f", {moved.stayed} stayed: a mail of theirs is leaving" if moved.stayed else ""
    click.echo(f"Published. {moved.moved} moved to it{stayed}.")
    return OK


def found(session: Session, named: str) -> Sequence:
    """A sequence by its number or name.

    Raises:
        BadParameter: there is none.
    """
    row = _known(session, named)
    if row is None:
        raise click.BadParameter(NO_SUCH, param_hint="SEQUENCE")
    return row


def published(session: Session, named: str) -> Sequence:
    """One that people can be enrolled in, by its number or name.

    Raises:
        BadParameter: there is none, or nothing of it is published.
    """
    row = found(session, named)
    if versions.newest_id(session, row.id) is None:
        raise click.BadParameter(UNPUBLISHED.format(number=row.id), param_hint="SEQUENCE")
    return row


def _known(session: Session, named: str) -> Sequence | None:
    number = whole_number(named)
    return session.scalar(
        select(Sequence).where(Sequence.id == number if number is not None else Sequence.name == named)
    )


def _newest(session: Session, sequence_id: int) -> Version | None:
    try:
        return versions.newest(session, sequence_id)
    except NotFoundError:
        return None


def _published(session: Session, row: Sequence) -> Typed:
    return Typed(row.name, Language(row.language), row.mailbox_id, drafts.blank(_newest(session, row.id)))


def _mailbox(session: Session, address: str, known: Sequence | None) -> int:
    if not address and known is not None:
        return known.mailbox_id
    query = select(Mailbox.id).order_by(Mailbox.id).limit(1)
    box = session.scalar(query.where(Mailbox.address == address) if address else query)
    if box is None:
        raise sequence_file.FileFaultError("There is no such mailbox to send from.")
    return box


COMMANDS: Final = (group,)
