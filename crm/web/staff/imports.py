"""Import: upload, say what is what, see what would happen, run, and get the broken rows back."""

from typing import Any, BinaryIO, cast

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.kernel.errors import NotFoundError
from crm.permission.models import Assessment
from crm.prospects import imports, uploads
from crm.prospects.choices import Choices
from crm.prospects.models import Import, ImportState, RowOutcome
from crm.prospects.reading.faults import FileFault
from crm.prospects.reading.table import Table, open_table
from crm.queries.preview import Preview, preview
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, services
from crm.web.staff import times
from crm.web.staff.import_form import BASES, SOURCES, TARGETS, choices_from
from crm.workflows.receive_import import ChoicesError, receive_import, start_import

bp = Blueprint("imports", __name__)

LARGEST = 20 * 1024 * 1024  # bytes; larger files go through the command line

OUTCOMES = {
    RowOutcome.ADDED: ("Added", "yes", "new prospects"),
    RowOutcome.UPDATED: ("Updated", "info", "known already; gaps were filled"),
    RowOutcome.UNCHANGED: ("Unchanged", "", "known already, nothing new"),
    RowOutcome.DUPLICATE: ("Twice in the file", "", "only the first was taken"),
    RowOutcome.REFUSED: ("They said no", "no", "kept out; their no stands"),
    RowOutcome.NOT_ALLOWED: ("Nobody may write yet", "wait", "kept; their page says what is missing"),
    RowOutcome.BROKEN: ("Broken", "no", "mend them in the file of broken rows, and import that"),
}


@bp.get("/imports")
@allows(Act.IMPORT)
def listing() -> ResponseReturnValue:
    """Upload a file, or look at an earlier import."""
    return _list()


@bp.post("/imports")
@allows(Act.IMPORT)
def upload() -> ResponseReturnValue:
    """Keep the file and guess its columns. Nothing is imported yet."""
    request.max_content_length = LARGEST + 1024 * 1024
    file = request.files.get("file")
    if file is None or not file.filename:
        return _list("Choose a file first: CSV or XLSX."), 422
    try:
        row, _table = receive_import(
            services().intake,
            cast("BinaryIO", file.stream),
            file_name=file.filename,
            by=me().id,
            most_bytes=LARGEST,
        )
    except FileFault as fault:
        return _list(fault.words), 422
    return redirect(url_for("imports.show", public_id=row.public_id), 303)


@bp.get("/imports/<public_id>")
@allows(Act.IMPORT)
def show(public_id: str) -> ResponseReturnValue:
    """The mapping and the preview; once started, the progress and the result."""
    row = _found(public_id)
    if row.state is ImportState.UPLOADED:
        return _mapping(row, Choices.from_json(row.mapping))
    template = "staff/imports/_job.html" if is_htmx() else "staff/imports/show.html"
    return render_template(template, row=row, **_result(row))


@bp.post("/imports/<public_id>")
@allows(Act.IMPORT)
def choose(public_id: str) -> ResponseReturnValue:
    """See what would happen with these choices, or start."""
    row = _found(public_id)
    chosen = Choices.from_json(row.mapping)
    try:
        chosen = choices_from(request.form, chosen)
        if request.form.get("act") != "start":
            return _mapping(row, chosen)
        start_import(services().intake, public_id, chosen)
    except (FileFault, ChoicesError) as error:
        return _mapping(row, chosen, fault=str(error)), 422
    return redirect(url_for("imports.show", public_id=public_id), 303)


@bp.post("/imports/<public_id>/<any(stop, resume):verb>")
@allows(Act.IMPORT)
def stop(public_id: str, verb: str) -> ResponseReturnValue:
    """Stop after the batch at hand, or go on where it stopped."""
    row = _found(public_id)
    with services().database.transaction() as session:
        (imports.stop if verb == "stop" else imports.resume)(session, row.id)
    return redirect(url_for("imports.show", public_id=public_id), 303)


@bp.get("/imports/<public_id>/broken")
@allows(Act.IMPORT)
def broken(public_id: str) -> ResponseReturnValue:
    """The broken rows with line and reason, to be mended and imported again."""
    row = _found(public_id)
    path = uploads.broken_path(services().intake.uploads, row.stored_as)
    if not path.exists():
        raise NotFoundError
    return send_file(
        path, mimetype="text/csv", as_attachment=True, download_name="broken-rows.csv", max_age=0
    )


def _found(public_id: str) -> Import:
    row = imports.find(reading(), public_id)
    if row is None:
        raise NotFoundError
    return row


def _list(fault: str = "") -> str:
    rows = [
        {
            "id": row.public_id,
            "name": row.file_name,
            "state": row.state.value,
            "when": times.short(row.created_at, now()),
            "rows": f"{row.position:,}",
            "taken": row.counts.get("added", 0) + row.counts.get("updated", 0),
        }
        for row in imports.newest(reading())
    ]
    return render_template("staff/imports/list.html", rows=rows, fault=fault)


def _mapping(row: Import, chosen: Choices, *, fault: str = "") -> str:
    table: Table | None = None
    found: Preview | None = None
    try:
        table = open_table(uploads.path_of(services().intake.uploads, row.stored_as))
        found = preview(
            reading(),
            table,
            chosen,
            ring=services().settings.keys.addresses,
            controller=services().settings.controller,
            now=now(),
        )
    except FileFault as error:
        fault = error.words
    samples = _samples(table) if table and found else []
    return render_template(
        "staff/imports/mapping.html",
        row=row,
        chosen=chosen,
        defaults=chosen.defaults,
        described=table.described if table else "",
        notes=table.notes if table else (),
        columns=[
            {
                "place": place,
                "header": column.header,
                "target": column.target.value if column.target else "",
                "why": column.dropped.words if column.dropped else "",
                "sample": samples[place] if place < len(samples) else "",
            }
            for place, column in enumerate(chosen.mapping.columns)
        ],
        targets=[(target.value, label) for target, label in TARGETS.items()],
        sources=[(kind.value, label) for kind, label in SOURCES.items()],
        bases=[(basis.value, label) for basis, label in BASES.items()],
        assessments=list(reading().execute(select(Assessment.id, Assessment.title))),
        found=found,
        counts=[(OUTCOMES[one], number) for one, number in sorted(found.counts.items())] if found else [],
        words=OUTCOMES,
        fault=fault,
    )


def _samples(table: Table) -> list[str]:
    first = next(table.rows(), None)
    return [value[:60] for value in first.values] if first else []


def _result(row: Import) -> dict[str, Any]:
    running = row.state is ImportState.RUNNING
    numbers = [
        f"{row.position:,} of {row.total:,} rows" if row.total is not None else f"{row.position:,} rows"
    ]
    if row.fault:
        numbers.append(row.fault)
    tally = [
        {
            "tone": tone,
            "word": word,
            "text": detail.capitalize(),
            "detail": "",
            "number": f"{row.counts[one.value]:,}",
        }
        for one, (word, tone, detail) in OUTCOMES.items()
        if row.counts.get(one.value)
    ]
    chosen = Choices.from_json(row.mapping)
    return {
        "job": {
            "title": row.file_name,
            "state": row.state.value,
            "done": row.position,
            "total": row.total or row.position,
            "numbers": numbers,
            "poll_url": url_for("imports.show", public_id=row.public_id),
            "stop_url": url_for("imports.stop", public_id=row.public_id, verb="stop") if running else None,
        },
        "tally": tally,
        "lines": imports.lines(reading(), row.id, limit=50),
        "words": OUTCOMES,
        "has_broken": bool(row.counts.get(RowOutcome.BROKEN.value)),
        "dropped": [(one.header, one.dropped.words) for one in chosen.mapping.dropped if one.dropped],
        "may_resume": row.state is ImportState.STOPPED,
    }
