"""An import in words: the mapping with its preview, then the progress and what became of the rows."""

from typing import Any

from flask import url_for
from sqlalchemy import select

from crm.permission.models import Assessment
from crm.prospects import imports, uploads
from crm.prospects.choices import Choices
from crm.prospects.import_models import Import, ImportState, RowOutcome
from crm.prospects.import_pace import left_in_words
from crm.prospects.reading.faults import FileFault
from crm.prospects.reading.table import Table, open_table
from crm.queries.imports.preview import Preview, preview
from crm.web.context import now, reading, services
from crm.web.staff import times, words
from crm.web.staff.importing.import_form import BASES, SOURCES, TARGETS
from crm.web.staff.people.record_forms import countries

OUTCOMES = {
    RowOutcome.ADDED: ("Added", "yes", "new prospects"),
    RowOutcome.UPDATED: ("Updated", "info", "known already; gaps were filled"),
    RowOutcome.UNCHANGED: ("Unchanged", "", "known already, nothing new"),
    RowOutcome.DUPLICATE: ("Twice in the file", "", "only the first was taken"),
    RowOutcome.REFUSED: ("They said no", "no", "kept out; their no stands"),
    RowOutcome.NOT_ALLOWED: ("Nobody may write yet", "wait", "kept; their page says what is missing"),
    RowOutcome.BROKEN: ("Broken", "no", "mend them in the file of broken rows, and import that"),
}
"""What becomes of a row: in a word, with its tone, and what it means."""

STATES = {
    ImportState.UPLOADED: ("Not started", ""),
    ImportState.RUNNING: ("Running", "info"),
    ImportState.DONE: ("Done", "yes"),
    ImportState.STOPPED: ("Stopped", "wait"),
    ImportState.FAILED: ("Failed", "no"),
}
_NEXT = "Begins as soon as the scheduler looks"
_LINES = 50  # a page of them


def earlier() -> list[dict[str, Any]]:
    """The imports there were, newest first."""
    return [_earlier(row) for row in imports.newest(reading())]


def _earlier(row: Import) -> dict[str, Any]:
    waits = _waits(row)
    rows = "" if row.state is ImportState.UPLOADED else _how_far(row)
    return {
        "id": row.public_id,
        "name": row.file_name,
        "state": ("Waits", "wait") if waits and waits != _NEXT else STATES[row.state],
        "when": times.short(row.created_at, now()),
        "rows": waits if waits and not row.position else rows,
        "counts": ", ".join(
            f"{row.counts[one.value]:,} {word.lower()}"
            for one, (word, _tone, _detail) in OUTCOMES.items()
            if row.counts.get(one.value)
        ),
        "fault": row.fault,
    }


def _how_far(row: Import) -> str:
    """Rows done, and of how many where that is known and more are to come."""
    if row.total is None or row.total == row.position:
        return f"{row.position:,} row{'' if row.position == 1 else 's'}"
    return f"{row.position:,} of {row.total:,} rows"


def _waits(row: Import) -> str:
    """What a started import waits for, in words; empty when it is at work or over."""
    real_now = services().clocks.real()
    if row.state is not ImportState.RUNNING or (row.lease_until and row.lease_until >= real_now):
        return ""
    ahead = imports.ahead_of(reading(), row, real_now=real_now)
    if not ahead:
        return _NEXT
    first, more = ahead[0], len(ahead) - 1
    others = f", and {more} more before it" if more else ""
    return f"Waits for “{first.file_name}”, which is at {_how_far(first)}{others}"


def mapping(row: Import, chosen: Choices, *, fault: str = "") -> dict[str, Any]:
    """What the page of choices shows: each column, each choice, and what would happen with them."""
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
    return {
        "row": row,
        "chosen": chosen,
        "defaults": chosen.defaults,
        "described": table.described if table else "",
        "notes": table.notes if table else (),
        "columns": [
            {
                "place": place,
                "header": column.header,
                "target": column.target.value if column.target else "",
                "why": column.dropped.words if column.dropped else "",
                "sample": samples[place] if place < len(samples) else "",
            }
            for place, column in enumerate(chosen.mapping.columns)
        ],
        "targets": [(target.value, label) for target, label in TARGETS.items()],
        "sources": [(kind.value, label) for kind, label in SOURCES.items()],
        "countries": countries(),
        "languages": list(words.LANGUAGES.items()),
        "orders": [("day", "the day, as in 31/12/2026"), ("month", "the month, as in 12/31/2026")],
        "bases": [(basis.value, label) for basis, label in BASES.items()],
        "assessments": list(reading().execute(select(Assessment.id, Assessment.title))),
        "found": found,
        "counts": [(OUTCOMES[one], number) for one, number in sorted(found.counts.items())] if found else [],
        "words": OUTCOMES,
        "fault": fault,
    }


def _samples(table: Table) -> list[str]:
    first = next(table.rows(), None)
    return [value[:60] for value in first.values] if first else []


def result(row: Import, *, outcome: RowOutcome | None = None, after: int = 0) -> dict[str, Any]:
    """The progress, the counts, and a page of the rows with a reason."""
    running = row.state is ImportState.RUNNING
    numbers = [
        f"{row.position:,} of {row.total:,} row{'' if row.total == 1 else 's'}"
        if row.total is not None
        else _how_far(row)
    ]
    if running and row.total is None:
        numbers = ["The file is read to its end first"]
    waits = _waits(row)
    if waits:
        numbers = [waits, *([_how_far(row)] if row.position else [])]
    if running:
        numbers += [left_in_words(row, real_now=services().clocks.real())]
    if row.fault:
        numbers.append(row.fault)
    tally = [
        {
            "tone": tone,
            "word": word,
            "text": detail.capitalize(),
            "detail": "",
            "number": f"{row.counts[one.value]:,}",
            "href": None if one in imports.SIMPLE else _lines_url(row, one),
        }
        for one, (word, tone, detail) in OUTCOMES.items()
        if row.counts.get(one.value)
    ]
    chosen = Choices.from_json(row.mapping)
    lines = imports.lines(reading(), row.id, outcome=outcome, after=after, limit=_LINES + 1)
    return {
        "job": {
            "title": row.file_name,
            "state": row.state.value,
            "word": "Waits" if waits and waits != _NEXT else "",
            "done": row.position,
            "total": row.total or row.position or 1,
            "numbers": [one for one in numbers if one],
            "poll_url": url_for("imports.show", public_id=row.public_id),
            "stop_url": url_for("imports.stop", public_id=row.public_id, verb="stop") if running else None,
        },
        "tally": tally,
        "lines": lines[:_LINES],
        "shown": OUTCOMES[outcome][0] if outcome else "",
        "more": _lines_url(row, outcome, after=lines[_LINES - 1].line) if len(lines) > _LINES else None,
        "words": OUTCOMES,
        "has_broken": bool(row.counts.get(RowOutcome.BROKEN.value)),
        "dropped": [(one.header, one.dropped.words) for one in chosen.mapping.dropped if one.dropped],
        "may_resume": row.state is ImportState.STOPPED,
    }


def _lines_url(row: Import, outcome: RowOutcome | None, *, after: int | None = None) -> str:
    chosen = outcome.value if outcome else None
    return url_for("imports.show", public_id=row.public_id, outcome=chosen, after=after, _anchor="lines")
