"""`./scripts/crm`: every command of an installation, and what a mistake looks like."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from crm.cli import (
    importing,
    installation,
    mailboxes,
    pausing,
    people,
    refusals,
    rehearsal,
    sequence,
    series,
    staff,
    suppressions,
)
from crm.cli.context import MISUSED, NO, OK, STOPPED, Installation, Roof
from crm.kernel import logs
from crm.kernel.errors import CrmError, InvalidSettingsError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command has a --help of its own.",
)
@click.option(
    "--var",
    type=click.Path(path_type=Path, file_okay=False),
    default="var",
    envvar="CRM_VAR",
    show_default=True,
    help="The folder of the installation.",
)
@click.pass_context
def command(context: click.Context, var: Path) -> None:
    """The command line of Produfoto Outreach.

    Bring prospects in, see why somebody may not be written to, write a no down, and look after the
    installation. Everything here does the same as the pages do, under the same rules.
    """
    logs.configure(level=logging.ERROR)
    context.obj = Installation(var.absolute(), context.obj)


for one in (*importing.COMMANDS, *people.COMMANDS, *refusals.COMMANDS, *series.COMMANDS, *sequence.COMMANDS):
    command.add_command(one)
for one in (
    *rehearsal.COMMANDS,
    *mailboxes.COMMANDS,
    *pausing.COMMANDS,
    *staff.COMMANDS,
    *suppressions.COMMANDS,
    *installation.COMMANDS,
):
    command.add_command(one)


def run(arguments: Sequence[str], roof: Roof) -> int:
    """Run one command.

    Returns:
        0 done, 1 it could not be done, 2 wrongly called or not set up, 130 stopped by Ctrl-C.
    """
    try:
        code = command.main(list(arguments), prog_name="./scripts/crm", standalone_mode=False, obj=roof)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say("Stopped.", STOPPED)
    except click.ClickException as error:
        error.show()
        return MISUSED if isinstance(error, click.UsageError) else NO
    except (CrmError, SQLAlchemyError, OSError) as error:
        return _say(*_words(error))
    return code if isinstance(code, int) else OK


def _words(error: Exception) -> tuple[str, int]:
    """What to tell whoever typed the command: what to do, and nobody's data."""
    if isinstance(error, InvalidSettingsError):
        return "The settings cannot be used:\n  " + "\n  ".join(error.problems), MISUSED
    if isinstance(error, CrmError):
        return str(error) or "There is no such thing here.", NO
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error.strerror or type(error).__name__}.", NO
    words = "The database cannot be read or written, or is from another version of the program."
    return f"{words} `./scripts/crm doctor` says more; `migrate` brings it up to date.", NO


def _say(words: str, code: int) -> int:
    sys.stderr.write(f"{words}\n")
    return code
