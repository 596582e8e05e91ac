"""What every command has: the installation it works on, and arguments read at the door."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import click
from sqlalchemy.orm import Session

from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressKeys
from crm.kernel.errors import InvalidAddressError
from crm.privacy import register
from crm.services import Services
from crm.staff import accounts
from crm.staff.models import Staff

OK, NO, MISUSED, STOPPED = 0, 1, 2, 130
"""Exit codes: done; it could not be done; wrongly called or not set up; stopped by Ctrl-C."""


NOBODY: Final = "No colleague has this address. `staff list` shows them."


class Roof(NamedTuple):
    """What only the roof can do: make an installation, and open one."""

    make: Callable[[Path], None]
    open: Callable[[Path], Services]


@dataclass
class Installation:
    """The folder a command works on; opened when a command asks for it."""

    var: Path
    roof: Roof

    @cached_property
    def services(self) -> Services:
        """Everything from outside.

        Raises:
            InvalidSettingsError: with every problem at once.
        """
        if not (self.var / "settings.env").exists():
            raise click.UsageError(
                f"There is no installation in {self.var}. `./scripts/run` makes one; --var names another."
            )
        return self.roof.open(self.var)

    @property
    def ring(self) -> AddressKeys:
        """The keys behind every address digest."""
        return self.services.settings.keys.addresses

    def keys_of(self, address: EmailAddress) -> tuple[register.Key, ...]:
        """All names of a mailbox, its identity first."""
        return register.keys_of(self.ring, address)


pass_installation = click.make_pass_decorator(Installation)


class AddressType(click.ParamType[EmailAddress]):
    """An e-mail address."""

    name = "address"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> EmailAddress:
        """Read it at the door."""
        if isinstance(value, EmailAddress):
            return value
        try:
            return EmailAddress.parse(str(value))
        except InvalidAddressError as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType[date]):
    """A day, as 2026-03-02."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it at the door."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail("Write the day as 2026-03-02.", param, ctx)


ADDRESS: Final = AddressType()
DAY: Final = DayType()


def text_of(file: BinaryIO) -> str:
    """What a file given with --from says.

    Raises:
        BadParameter: it is no text in UTF-8.
    """
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = f"Byte {error.start + 1:,} is no UTF-8. Save the file as text in UTF-8 and try again."
        raise click.BadParameter(words, param_hint="--from") from error


def colleague(session: Session, email: str | None) -> Staff | None:
    """The account a command is run for; None is whoever has the machine.

    Raises:
        BadParameter: nobody has this address.
    """
    if email is None:
        return None
    found = accounts.by_email(session, email)
    if found is None:
        raise click.BadParameter(NOBODY, param_hint="--by")
    return found
