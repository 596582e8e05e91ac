"""Import: upload, say what is what, see what would happen, run, and get the broken rows back."""

from typing import BinaryIO, cast

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.errors import NotFoundError
from crm.prospects import imports, uploads
from crm.prospects.choices import Choices
from crm.prospects.import_models import Import, ImportState, RowOutcome
from crm.prospects.reading.faults import FileFault
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import is_htmx, me, reading, services
from crm.web.staff.importing import import_rows
from crm.web.staff.importing import import_view as view
from crm.web.staff.importing.import_form import choices_from
from crm.workflows.people.receive_import import ChoicesError, discard_import, receive_import, start_import

bp = Blueprint("imports", __name__)

LARGEST = 20 * 1024 * 1024  # bytes; larger files go through the command line


@bp.get("/imports")
@allows(Act.IMPORT)
def listing() -> ResponseReturnValue:
    """Upload a file, or look at an earlier import."""
    return _list()


@bp.post("/imports")
@allows(Act.IMPORT, at_most=LARGEST + 1024 * 1024)
def upload() -> ResponseReturnValue:
    """Keep the file and guess its columns. Nothing is imported yet."""
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
        return _mapping(row, import_rows.choices_so_far(row))
    template = "staff/imports/_job.html" if is_htmx() else "staff/imports/show.html"
    wanted, after = request.args.get("outcome", ""), request.args.get("after", 0, type=int)
    outcome = RowOutcome(wanted) if wanted in set(RowOutcome) else None
    return render_template(template, row=row, **view.result(row, outcome=outcome, after=after))


@bp.post("/imports/<public_id>")
@allows(Act.IMPORT)
def choose(public_id: str) -> ResponseReturnValue:
    """See what would happen with these choices, or start."""
    row = _found(public_id)
    here = redirect(url_for("imports.show", public_id=public_id), 303)
    if row.state is not ImportState.UPLOADED:
        return here  # a colleague, or a second press, was faster
    if request.form.get("act") == "discard":
        discard_import(services().intake, public_id)
        return redirect(url_for("imports.listing", did="discarded"), 303)
    chosen, fault = choices_from(request.form, Choices.from_json(row.mapping))
    if fault:
        return _mapping(row, chosen, fault=fault), 422
    try:
        return _carry_out(row, chosen, request.form.get("act", ""))
    except (FileFault, ChoicesError) as error:
        return _mapping(row, chosen, fault=str(error)), 422
    except NotFoundError:
        return here  # it began meanwhile


def _carry_out(row: Import, chosen: Choices, act: str) -> ResponseReturnValue:
    if act == "rows":
        return import_rows.begin(row, chosen)
    if act != "start":
        return _mapping(row, chosen)
    start_import(services().intake, row.public_id, chosen)
    return redirect(url_for("imports.show", public_id=row.public_id), 303)


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
    return render_template("staff/imports/list.html", rows=view.earlier(), fault=fault)


def _mapping(row: Import, chosen: Choices, *, fault: str = "") -> str:
    return render_template("staff/imports/mapping.html", **view.mapping(row, chosen, fault=fault))
