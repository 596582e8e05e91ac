"""Imports on their way: who has one, how far it is, and what became of its rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from crm.kernel.bulk import insert_many
from crm.kernel.ids import new_public_id
from crm.prospects.import_models import Import, ImportRow, ImportState, RowOutcome

LEASE: Final = timedelta(seconds=60)
"""Real time after which another worker may take an import up. Each batch renews it and takes a second."""

SIMPLE: Final = frozenset({RowOutcome.ADDED, RowOutcome.UPDATED, RowOutcome.UNCHANGED})


class Upload(NamedTuple):
    """A file that was taken in."""

    file_name: str
    """As the colleague called it."""

    digest: str
    """SHA-256, hex."""

    stored_as: str


def register(
    session: Session, upload: Upload, *, choices: Mapping[str, Any], by: int | None, at: datetime
) -> Import:
    """Keep a file's name and choices. Nothing is imported before `start`."""
    row = Import(
        public_id=new_public_id(),
        file_name=upload.file_name[:200],
        file_digest=upload.digest,
        stored_as=upload.stored_as,
        mapping=dict(choices),
        started_by=by,
        created_at=at,
        counts={},
    )
    session.add(row)
    session.flush()
    return row


def find(session: Session, public_id: str) -> Import | None:
    """An import by the name it has in addresses."""
    return session.scalar(select(Import).where(Import.public_id == public_id))


def newest(session: Session, *, limit: int = 50) -> list[Import]:
    """The latest imports first."""
    return list(session.scalars(select(Import).order_by(Import.id.desc()).limit(limit)))


def start(session: Session, import_id: int, *, choices: Mapping[str, Any], total: int | None) -> bool:
    """Let workers have it; False when it is running or over already. `total` None: they count its rows."""
    return _change(
        session,
        import_id,
        Import.state == ImportState.UPLOADED,
        state=ImportState.RUNNING,
        mapping=dict(choices),
        total=total,
    )


def discard(session: Session, public_id: str) -> str | None:
    """Forget a file that was not started; the name it is stored under, or None when it has begun."""
    return session.scalar(
        delete(Import)
        .where(Import.public_id == public_id, Import.state == ImportState.UPLOADED)
        .returning(Import.stored_as)
    )


def resume(session: Session, import_id: int) -> bool:
    """Let a stopped import go on where it was; False when it is not stopped."""
    return _change(
        session,
        import_id,
        Import.state == ImportState.STOPPED,
        state=ImportState.RUNNING,
        fault="",
        claim_id=None,
        lease_until=None,
    )


def claimable(session: Session, *, real_now: datetime) -> list[int]:
    """Imports nobody works on, oldest first: never begun, or left behind by a worker that died."""
    query = select(Import.id).where(Import.state == ImportState.RUNNING, _free(real_now)).order_by(Import.id)
    return list(session.scalars(query))


def ahead_of(session: Session, row: Import, *, real_now: datetime) -> list[Import]:
    """What a started import waits for, that at work first: a worker takes one at a time, the oldest first.

    Empty when it is at work itself, or next.
    """
    if row.state is not ImportState.RUNNING or (
        row.claim_id and row.lease_until and row.lease_until >= real_now
    ):
        return []
    at_work = Import.claim_id.is_not(None), Import.lease_until >= real_now
    query = select(Import).where(
        Import.state == ImportState.RUNNING, Import.id != row.id, or_(and_(*at_work), Import.id < row.id)
    )
    return sorted(session.scalars(query), key=lambda one: (one.claim_id is None, one.id))


def claim(session: Session, import_id: int, *, claim_id: str, real_now: datetime) -> Import | None:
    """Take an import for one worker; None when somebody else has it or it is not to be run."""
    free = Import.state == ImportState.RUNNING, _free(real_now)
    mine = {"claim_id": claim_id, "lease_until": real_now + LEASE, "marked_at": None}
    if not _change(session, import_id, *free, **mine):
        return None
    return session.get_one(Import, import_id, populate_existing=True)


def advance(  # noqa: PLR0913 - all but two by name
    session: Session,
    import_id: int,
    *,
    claim_id: str,
    position: int,
    counts: Mapping[str, int],
    real_now: datetime,
    mark: tuple[datetime, int] | None = None,
) -> bool:
    """Note a batch, in the transaction that holds its rows; False when the import is not this worker's.

    `mark`: how far it was about a minute ago.
    """
    mine = Import.state == ImportState.RUNNING, Import.claim_id == claim_id
    return _change(
        session,
        import_id,
        *mine,
        position=position,
        counts=dict(counts),
        lease_until=real_now + LEASE,
        marked_at=mark[0] if mark else None,
        marked_position=mark[1] if mark else None,
    )


def renew(session: Session, import_id: int, *, claim_id: str, real_now: datetime) -> bool:
    """Hold on to an import for another lease."""
    return _change(session, import_id, Import.claim_id == claim_id, lease_until=real_now + LEASE)


def counted(session: Session, import_id: int, *, claim_id: str, total: int, real_now: datetime) -> bool:
    """Say how many rows there are, before the first is taken; False when it is not this worker's."""
    mine = Import.state == ImportState.RUNNING, Import.claim_id == claim_id
    return _change(session, import_id, *mine, total=total, lease_until=real_now + LEASE)


def leave(
    session: Session,
    import_id: int,
    *,
    claim_id: str,
    state: ImportState,
    fault: str = "",
    at: datetime | None = None,
) -> bool:
    """Let go of an import: done, stopped, failed, or (`running`) for another worker to take up."""
    return _change(
        session,
        import_id,
        Import.claim_id == claim_id,
        Import.state == ImportState.RUNNING,
        state=state,
        fault=fault[:300],
        claim_id=None,
        lease_until=None,
        finished_at=at,
    )


def stop(session: Session, import_id: int) -> bool:
    """A colleague's word: the batch at hand is not committed, what was stays. `resume` goes on."""
    return _change(
        session,
        import_id,
        Import.state == ImportState.RUNNING,
        state=ImportState.STOPPED,
        claim_id=None,
        lease_until=None,
    )


def keep_lines(session: Session, import_id: int, lines: Iterable[tuple[int, RowOutcome, str]]) -> None:
    """Keep the rows that were not simply taken: which line and why, never what stood there."""
    rows = [
        (import_id, line, outcome, reason)
        for line, outcome, reason in lines
        if reason or outcome not in SIMPLE
    ]
    insert_many(session, ImportRow, ("import_id", "line", "outcome", "reason"), rows)


def lines(
    session: Session, import_id: int, *, outcome: RowOutcome | None = None, after: int = 0, limit: int = 100
) -> list[ImportRow]:
    """Rows with a reason, by line; a page of them."""
    query = select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.line > after)
    if outcome is not None:
        query = query.where(ImportRow.outcome == outcome)
    return list(session.scalars(query.order_by(ImportRow.line).limit(limit)))


def forget_lines(session: Session, *, before: datetime, limit: int = 5_000) -> int:
    """Drop rows' reasons of imports that ended, or were left, before a moment; how many, at most `limit`.

    The import itself stays, with its counts: sources say from which file an address came.
    """
    old = select(Import.id).where(
        func.coalesce(Import.finished_at, Import.created_at) < before, Import.state != ImportState.RUNNING
    )
    some = select(ImportRow.id).where(ImportRow.import_id.in_(old)).limit(limit)
    result = session.execute(delete(ImportRow).where(ImportRow.id.in_(some)))
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE has one


def _free(real_now: datetime) -> ColumnElement[bool]:
    return or_(Import.claim_id.is_(None), Import.lease_until < real_now)


def _change(session: Session, import_id: int, *seen: ColumnElement[bool], **values: Any) -> bool:  # noqa: ANN401 - columns
    """Change an import from the state that was seen."""
    result = session.execute(
        update(Import).where(Import.id == import_id, *seen).values(**values)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE has one
