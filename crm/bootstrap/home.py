"""The folder an installation lives in: made once, with settings and keys of its own."""

import fcntl
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from crm.kernel import keys
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.settings import Settings

HERE = "http://127.0.0.1:8000"
"""Where `./scripts/run` serves when nobody said anything else."""

_ADDRESS = "address"
_RUNNING = "running"
_taken: Final[dict[Path, int]] = {}
"""Folders that this process runs in, with the open file that says so to others; it goes with the process."""

SETTINGS = "settings.env"
SENT, INBOX = "mail/sent", "mail/inbox"
"""Maildirs: what the `mailbox` mailer took, and where inbound mail is put."""

_SQLITE = "sqlite:///"
_MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"

# Where nothing else is said: the published policy's own values (P2), and a region in the EU (P21).
_FIRST = """\
# Settings of this installation. One NAME=value a line; the environment wins over this file.
# docs/settings.md explains each of them.
CRM_CONTROLLER_NAME=Produfoto
CRM_CONTROLLER_KVK=42060740
CRM_CONTROLLER_VAT=NL005465581B96
CRM_CONTROLLER_LOCATION=3769 TR Soesterberg
CRM_CONTROLLER_EMAIL=rezfan@produfoto.com
# The policy has no street. Countries that ask for a postal address stay closed until one is here.
#CRM_CONTROLLER_STREET=
CRM_STORAGE_REGION=eu-nl
CRM_MAIL_DOMAIN=outreach.produfoto.example
# mailbox keeps every mail in this folder. smtp and sendgrid send for real.
CRM_MAILER=mailbox
CRM_TRACKING=policy
"""


def make_home(var: Path, *, more: Mapping[str, str] | None = None) -> None:
    """Make the folder (0700), its settings and its keys, where they are missing.

    Raises:
        OSError: the folder cannot be made or written.
    """
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    var.chmod(0o700)
    for name in ("uploads", "logs", "mail"):
        (var / name).mkdir(mode=0o700, exist_ok=True)
    file = var / SETTINGS
    is_new = not file.exists()
    keys.make_missing(var / "keys", first=is_new)  # before the file that says that everything is there
    if is_new:
        extra = "".join(f"{name}={value}\n" for name, value in (more or {}).items())
        file.write_text(_FIRST + extra)
        file.chmod(0o600)


def take(var: Path) -> bool:
    """Keep every other start out of a folder until this process ends; False: one runs there already.

    Two would each say where the program is, and the links of the one that ended first would lead nowhere.
    """
    if var in _taken:
        return True
    file = os.open(var / _RUNNING, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _taken[var] = file
    return True


def remember_address(var: Path, url: str) -> None:
    """Keep where the program was last started, for links that the command line prints."""
    (var / _ADDRESS).write_text(f"{url}\n", "utf-8")


def last_address(var: Path) -> str:
    """Where it was last started; the usual port before it ever was."""
    try:
        return (var / _ADDRESS).read_text("utf-8").strip() or HERE
    except (OSError, UnicodeDecodeError):
        return HERE


def read_home(var: Path) -> dict[str, str]:
    """The variables that a folder's settings file sets, `CRM_VAR` included.

    Raises:
        InvalidSettingsError: a line is not NAME=value, or the file is not UTF-8.
    """
    found = {"CRM_VAR": str(var.absolute())}
    problems = []
    try:
        lines = (var / SETTINGS).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InvalidSettingsError([f"{var / SETTINGS}: save it as UTF-8."]) from None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.startswith("CRM_"):
            problems.append(f"{var / SETTINGS}, line {number}: a line is CRM_NAME=value.")
        found[name.strip()] = value.strip()
    if problems:
        raise InvalidSettingsError(problems)
    return found


def is_current(settings: Settings) -> bool:
    """Tell, without loading the program, that the database has the newest schema, and a mailbox.

    False when in doubt; then the program itself looks.
    """
    newest = max(path.name for path in _MIGRATIONS.glob("[0-9]*.py")).partition("_")[0]
    return _found(settings)[:2] == (newest, 1)


def is_settled(settings: Settings) -> bool:
    """Tell, without loading the program, that nothing is left to make: `is_current`, and an account.

    False when in doubt; then the program itself looks.
    """
    return is_current(settings) and _found(settings)[2:] == (1,)


def _found(settings: Settings) -> tuple[object, ...]:
    """Schema, whether there is a mailbox, whether somebody has an account; nothing where that is not seen."""
    if not settings.database_url.startswith(_SQLITE):
        return ()
    try:
        address = f"{Path(settings.database_url.removeprefix(_SQLITE)).as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            found: tuple[object, ...] = database.execute(
                "SELECT (SELECT version_num FROM alembic_version),"
                " EXISTS (SELECT 1 FROM mailboxes), EXISTS (SELECT 1 FROM staff)"
            ).fetchone()
    except (sqlite3.Error, ValueError):
        return ()
    return found
