"""A file comes in: it is kept, looked at, given choices, and handed to whoever runs imports."""

from datetime import timedelta
from typing import BinaryIO, Final

from sqlalchemy import select

from crm.kernel.errors import CrmError, NotFoundError
from crm.prospects import imports, uploads
from crm.prospects.choices import Choices
from crm.prospects.import_models import Import, ImportState
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.table import Table, is_small, open_table
from crm.workflows.people.import_batch import Intake

KEPT: Final = timedelta(days=14)
"""How long a file of broken rows, or an upload nobody started, is kept."""


class ChoicesError(CrmError):
    """Something must be said before a file can be imported; `problems` holds it in words."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def receive_import(
    intake: Intake, source: BinaryIO, *, file_name: str, by: int | None, most_bytes: int | None = None
) -> tuple[Import, Table]:
    """Keep a file and guess what its columns are. Nothing is imported yet.

    Raises:
        FileFault: it is no file to import; it is not kept.
        OSError: the disk is full; nothing is kept.
    """
    kept = uploads.keep(intake.uploads, source, file_name=file_name, most_bytes=most_bytes)
    try:
        table = open_table(uploads.path_of(intake.uploads, kept.stored_as))
        choices = Choices(guess(table.headers))
        with intake.database.transaction() as session:
            row = imports.register(
                session, kept, choices=choices.to_json(), by=by, at=intake.clocks.calendar()
            )
    except Exception:
        uploads.forget(intake.uploads, kept.stored_as, broken_rows=True)
        raise
    return row, table


def start_import(intake: Intake, public_id: str, choices: Choices) -> Import:
    """Let an import begin as the colleague chose; workers find it from now on.

    A file is read to its end once, so that a fault in it is told before the first row is taken: a small one
    here, a large one by the worker that has it.

    Raises:
        ChoicesError: something is missing, or meant for another file, and it says what.
        FileFault: a small file is broken further down.
        NotFoundError: there is no such import, or it has begun.
    """
    if choices.problems:
        raise ChoicesError(choices.problems)
    with intake.database.reading() as session:
        row = imports.find(session, public_id)
    if row is None or row.state is not ImportState.UPLOADED:
        raise NotFoundError
    if not choices.mapping.fits([one.header for one in Choices.from_json(row.mapping).mapping.columns]):
        raise ChoicesError(("The columns were chosen for another file.",))
    path = uploads.path_of(intake.uploads, row.stored_as)
    total = sum(1 for _ in open_table(path).rows()) if is_small(path) else None
    with intake.database.transaction() as session:
        if not imports.start(session, row.id, choices=choices.to_json(), total=total):
            raise NotFoundError
        uploads.forecast_path(intake.uploads, row.stored_as).unlink(missing_ok=True)
        return session.get_one(Import, row.id, populate_existing=True)


def discard_import(intake: Intake, public_id: str) -> bool:
    """Throw away a file that was not started; False when it has begun or is gone."""
    with intake.database.transaction() as session:
        stored_as = imports.discard(session, public_id)
    if stored_as is None:
        return False
    uploads.forget(intake.uploads, stored_as, broken_rows=True)
    return True


def forget_uploads(intake: Intake) -> int:
    """The scheduler's job: remove files whose import is over or was never begun, and what crashes left."""
    before = intake.clocks.calendar() - KEPT
    with intake.database.reading() as session:
        rows = session.execute(
            select(Import.stored_as, Import.state, Import.created_at, Import.finished_at)
        ).all()
    removed = 0
    for stored_as, state, created_at, finished_at in rows:
        if state is ImportState.RUNNING:
            continue
        if (finished_at or created_at) < before:
            uploads.forget(intake.uploads, stored_as, broken_rows=True)
            removed += 1
        elif state is ImportState.DONE:
            uploads.forget(intake.uploads, stored_as, broken_rows=False)
    return removed
