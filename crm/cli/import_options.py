"""What can be said of a file to import, on the command line."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import click

from crm.cli.context import ADDRESS, DAY
from crm.prospects.choices import Choices
from crm.prospects.models import SourceKind
from crm.prospects.reading.columns import Target
from crm.prospects.reading.faults import CellFaultError
from crm.prospects.reading.parsed import Defaults
from crm.prospects.reading.table import Table
from crm.prospects.reading.vocabulary import DeclaredBasis, country_of, language_of, time_zone_of

Function = Callable[..., Any]
BOUGHT: Final = "purchased"
_SOURCES: Final = (*(one.value for one in SourceKind), BOUGHT)
_BASES: Final = tuple(one.value for one in DeclaredBasis)
REFUSED: Final = (
    "Bought or rented lists are not imported: nobody on them chose to hear from us, and we could not tell "
    "them where we have their address from."
)
_NOTHING: Final = "-"


def _columns(
    _context: click.Context, _parameter: click.Parameter, given: Sequence[str]
) -> dict[str, Target | None]:
    """`Header=target`, or `Header=-` to leave it out."""
    found: dict[str, Target | None] = {}
    for text in given:
        header, equals, name = text.rpartition("=")
        try:
            found[header.strip()] = None if name.strip() == _NOTHING else Target(name.strip())
        except ValueError:
            equals = ""
        if not equals:
            names = ", ".join(Target)
            raise click.BadParameter(f"Write 'Header=field'. Fields: {names}; '-' leaves a column out.")
    return found


def _source(_context: click.Context, _parameter: click.Parameter, given: str | None) -> SourceKind | None:
    if given == BOUGHT:
        raise click.BadParameter(REFUSED)
    return SourceKind(given) if given else None


_OPTIONS: Final = (
    click.option("--source", callback=_source, type=click.Choice(_SOURCES),
                 help="Where the addresses come from, for rows that do not say."),
    click.option("--where", default="", help="The same in words: which fair, which register."),
    click.option("--source-url", default="", help="The page they were published on."),
    click.option("--obtained", type=DAY, help="Since when we have them, as 2026-03-02."),
    click.option("--relevance", default="", help="Why these companies, in one line."),
    click.option("--role-relevance", default="", help="Why it concerns these people's work."),
    click.option("--basis", type=click.Choice(_BASES), help="On what ground we may write to them."),
    click.option("--basis-url", default="", help="The page that proves it."),
    click.option("--wording", default="", help="The sentence that proves it."),
    click.option("--confirmed-by", default="", help="Who read that sentence."),
    click.option("--channel", default="", help="How consent was given."),
    click.option("--assessment", type=int, help="Number of the written assessment, for legitimate interest."),
    click.option("--country", default="", help="Country of rows without one, as NL."),
    click.option("--language", default="", help="Language of rows without one, as nl."),
    click.option("--time-zone", default="", help="Time zone of rows without one, as Europe/Amsterdam."),
    click.option("--column", "columns", multiple=True, callback=_columns, metavar="'HEADER=FIELD'",
                 help="Say what a column is; 'HEADER=-' leaves it out. May be repeated."),
    click.option("--day-first/--month-first", default=None, help="How to read 03/04/2026."),
    click.option("--replace", "replaces", is_flag=True, help="Names and roles of the file replace ours."),
    click.option("--by", type=ADDRESS, help="The colleague who imports."),
    click.option("--preview", "only_preview", is_flag=True, help="Say what would happen, and stop."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask."),
)  # fmt: skip


def with_options(function: Function) -> Function:
    """Add all options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def choices_of(table: Table, given: dict[str, Any], *, by: str) -> Choices:
    """What the options say of this file."""
    headers = list(table.headers)
    unknown = [header for header in given["columns"] if header not in headers]
    if unknown:
        raise click.BadParameter(f"There is no column {unknown[0]!r}. There are: {', '.join(headers)}.")
    guessed = Choices.guessed(headers)
    return replace(
        guessed,
        mapping=guessed.mapping.corrected(
            {headers.index(header): target for header, target in given["columns"].items()}
        ),
        defaults=_defaults(given),
        role_relevance=given["role_relevance"],
        relevance_by=by,
        channel=given["channel"],
        assessment_id=given["assessment"],
        replaces=given["replaces"],
    )


def _defaults(given: dict[str, Any]) -> Defaults:
    return Defaults(
        country=_understood(country_of, given["country"], "--country"),
        language=_understood(language_of, given["language"], "--language"),
        time_zone=_understood(time_zone_of, given["time_zone"], "--time-zone"),
        relevance=given["relevance"],
        source_kind=given["source"],
        source_url=given["source_url"],
        source_words=given["where"],
        obtained_on=given["obtained"],
        basis=DeclaredBasis(given["basis"]) if given["basis"] else None,
        basis_url=given["basis_url"],
        basis_wording=given["wording"],
        confirmed_by=given["confirmed_by"],
        day_first=given["day_first"],
    )


def _understood(reader: Callable[[str], str], text: str, option: str) -> str:
    try:
        return reader(text) if text else ""
    except CellFaultError as error:
        raise click.BadParameter(error.words, param_hint=option) from error
