"""Look an installation over from top to bottom. Each finding says what it is and what to do about it."""

import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.audit.models import AuditEntry
from crm.cli.doctor_sendgrid import look_at_sendgrid
from crm.cli.findings import Finding, Health
from crm.delivery.models import Mailbox
from crm.domains.ports import DomainVerdict
from crm.kernel import schema
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.mail_servers import AfterReading
from crm.kernel.settings import MailerKind
from crm.operations import heartbeat, switches
from crm.services import Services

_ROOM: Final = 1 << 30  # bytes that should be free
_PATIENCE: Final = 5.0  # seconds for a connection
_DRIFT: Final = timedelta(seconds=5)


def examine(var: Path, open_: Callable[[Path], Services], *, offline: bool) -> Iterator[Finding]:
    """Look at everything that can be looked at; what cannot be opened ends it."""
    yield from _files(var)
    try:
        services = open_(var)
    except InvalidSettingsError as error:
        for problem in error.problems:
            yield Finding(Health.ILL, "settings", problem)
        return
    except OSError as error:
        yield Finding(Health.ILL, "settings", f"{var} has none ({error.strerror}). `keys init` makes them.")
        return
    yield from _settings(services)
    try:
        yield from _database(services)
    except SQLAlchemyError as error:
        words = f"cannot be opened ({type(error).__name__}). Check CRM_DATABASE_URL and whether it runs."
        yield Finding(Health.ILL, "database", words)
        return
    if not offline:
        yield _mailer(services)
        yield from _inbox(services)
        yield from _domains(services)
        yield from look_at_sendgrid(services)


def _files(var: Path) -> Iterator[Finding]:
    if not var.exists():
        yield Finding(Health.ILL, "folder", f"{var} does not exist. `./scripts/run` or `keys init` makes it.")
        return
    open_to_others = [path for path in (var, var / "keys", *_keys(var)) if path.exists() and _is_open(path)]
    for path in open_to_others:
        yield Finding(Health.ILL, "permissions", f"Others on this machine can read {path}. chmod go= {path}")
    if not open_to_others:
        yield Finding(Health.WELL, "permissions", "only this user reads the folder and the keys")
    free = shutil.disk_usage(var).free
    room = Health.WELL if free > _ROOM else Health.LOOK
    yield Finding(room, "disk", f"{free / _ROOM:.1f} GiB free")


def _keys(var: Path) -> list[Path]:
    folder = var / "keys"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def _settings(services: Services) -> Iterator[Finding]:
    settings = services.settings
    yield Finding(Health.WELL, "settings", f"{settings.base_url}, mail by {settings.mailer.value}")
    versions = ", ".join(map(str, settings.keys.addresses.versions))
    yield Finding(Health.WELL, "keys", f"addresses {versions}; {len(settings.keys.public_links)} for links")
    if not settings.controller.has_postal_address:
        words = "CRM_CONTROLLER_STREET is not set: countries that ask for a postal address stay closed"
        yield Finding(Health.LOOK, "controller", words)
    if settings.is_loopback and settings.mailer is not MailerKind.MAILBOX:
        words = "CRM_BASE_URL is this machine: recipients of real mail could not open a link"
        yield Finding(Health.ILL, "address", words)
    if services.image_service is None:
        words = "CRM_IMAGE_SERVICE_URL is not set: who says yes is kept, and handed over once it is"
        yield Finding(Health.LOOK, "leads", words)
    if services.clocks.speed != 1.0:
        yield Finding(Health.LOOK, "calendar", f"runs {services.clocks.speed:g} times as fast as the clock")


def _database(services: Services) -> Iterator[Finding]:
    at, wanted = schema.current(services.database), schema.newest()
    if at != wanted:
        yield Finding(Health.ILL, "database", f"is at {at or 'nothing'}, wanted {wanted}. Run `migrate`.")
        return
    yield Finding(Health.WELL, "database", f"{services.database.engine.dialect.name}, revision {at}")
    with services.database.reading() as session:
        yield _clock(session, services)
        yield _scheduler(session, services)
        wrong = chain.verify(session)
        if wrong is not None:
            yield Finding(Health.ILL, "audit", f"the log was changed at or before entry {wrong}")
        if switches.is_on(session, switches.PAUSED):
            yield Finding(Health.LOOK, "sending", "is paused: nothing leaves")


def _clock(session: Session, services: Services) -> Finding:
    real = services.clocks.real()
    newest = session.scalar(select(func.max(AuditEntry.at)))
    latest = max(real, services.clocks.calendar())
    if newest is not None and newest > latest + _DRIFT:
        return Finding(Health.ILL, "clock", f"it is {real:%Y-%m-%d %H:%M} UTC here, and the log is later")
    if session.get_bind().dialect.name == "postgresql":
        apart = abs(session.execute(select(func.clock_timestamp())).scalar_one() - real)
        if apart > _DRIFT:
            return Finding(Health.ILL, "clock", f"{apart.total_seconds():.0f} s apart from the database's")
    return Finding(Health.WELL, "clock", f"{real:%Y-%m-%d %H:%M} UTC")


def _scheduler(session: Session, services: Services) -> Finding:
    if heartbeat.is_alive(session, heartbeat.SCHEDULER, at=services.clocks.real()):
        return Finding(Health.WELL, "scheduler", "ticks")
    return Finding(Health.LOOK, "scheduler", "does not tick: nothing is sent. `./scripts/run` starts it")


def _mailer(services: Services) -> Finding:
    settings = services.settings
    if settings.mailer is MailerKind.SMTP and settings.smtp is not None:
        if services.relay is None:
            return _reached(settings.smtp.host, settings.smtp.port)
        look = services.relay.look()
        return Finding(Health.WELL if look.works else Health.ILL, "mailer", look.words)
    if settings.mailer is MailerKind.SENDGRID:
        return _reached(urlsplit(settings.sendgrid_host).hostname or "", 443)
    return Finding(Health.WELL, "mailer", "mail stays in this folder and goes to nobody")


def _inbox(services: Services) -> Iterator[Finding]:
    """Where answers, reports and every no by mail come in."""
    look = services.inbox.look()
    services.inbox.close()
    yield Finding(Health.WELL if look.works else Health.ILL, "inbox", look.words)
    imap = services.settings.imap
    if imap is not None and imap.after is AfterReading.FLAG:
        words = (
            "mail stays in the mailbox after it was read: an erasure here does not reach it (CRM_IMAP_AFTER)"
        )
        yield Finding(Health.LOOK, "inbox", words)


def _reached(host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        words = f"{host} port {port} does not answer ({error.strerror or type(error).__name__})"
        return Finding(Health.ILL, "mailer", words)
    return Finding(Health.WELL, "mailer", f"{host} port {port} answers")


def _domains(services: Services) -> Iterator[Finding]:
    """Answers and bounces come back to these."""
    with services.database.reading() as session:
        addresses = session.scalars(select(Mailbox.address)).all()
    names = {services.settings.mail_domain, *(address.rpartition("@")[2] for address in addresses)}
    for name in sorted(names - {""}):
        verdict = services.mail_domains.look_up(name).verdict
        if verdict is DomainVerdict.TAKES_MAIL:
            yield Finding(Health.WELL, "domain", f"{name} takes mail")
        elif verdict is DomainVerdict.UNKNOWN:
            yield Finding(Health.LOOK, "domain", f"{name}: the name servers did not answer")
        else:
            words = f"{name} takes no mail ({verdict.value}): answers and bounces would be lost"
            yield Finding(Health.LOOK if services.settings.is_loopback else Health.ILL, "domain", words)
