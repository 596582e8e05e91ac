"""Take the rows of a file in, batch by batch, so that a crash anywhere loses nothing and doubles nothing."""

import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import OperationalError

from crm.kernel.ids import new_public_id
from crm.prospects import imports
from crm.prospects.ahead import ReadingEndedError
from crm.prospects.import_models import ImportState
from crm.prospects.reading.faults import FileFault
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.import_run import ImportRun, Progress

log = logging.getLogger(__name__)

DISK: Final = "The database or the disk could not be written. Nothing of the last batch was kept."
FAULT: Final = "The program failed on one of the rows. Nothing of that batch was kept."
INTERRUPTED: Final = "It was interrupted."


def import_prospects(
    intake: Intake,
    import_id: int,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Progress | None:
    """Run an import from where it is to its end; None when another worker has it.

    Each batch is one transaction with its own progress: killed anywhere, the next worker goes on at the first
    row that is not committed. `should_stop` is asked between batches and leaves the rest to another worker.

    Returns:
        How it ended: done, stopped (resume it when the reason is gone) or failed (the file is at fault).
    """
    claim_id = new_public_id()
    with intake.database.transaction() as session:
        row = imports.claim(session, import_id, claim_id=claim_id, real_now=intake.clocks.real())
    if row is None:
        return None
    run = ImportRun(intake, row, claim_id)
    try:
        ended = run.go(on_progress, should_stop)
    except FileFault as fault:
        ended = run.leave(ImportState.FAILED, fault.words)
    except ReadingEndedError:
        ended = run.leave(ImportState.STOPPED, INTERRUPTED)
    except (OSError, OperationalError):
        log.exception("an import stopped")
        ended = run.leave(ImportState.STOPPED, DISK)
    except KeyboardInterrupt:
        run.leave(ImportState.STOPPED, INTERRUPTED)
        raise
    except Exception:
        run.leave(ImportState.STOPPED, FAULT)
        raise
    finally:
        run.close()
    on_progress(ended)
    return ended


def run_imports(intake: Intake, *, should_stop: Callable[[], bool] = lambda: False) -> list[Progress]:
    """The scheduler's job: run what was started on the page, and what a dead worker left behind."""
    with intake.database.reading() as session:
        waiting = imports.claimable(session, real_now=intake.clocks.real())
    ended = []
    for import_id in waiting:
        if should_stop():
            break
        progress = import_prospects(intake, import_id, should_stop=should_stop)
        if progress is not None:
            ended.append(progress)
    return ended
