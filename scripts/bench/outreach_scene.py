"""People about to be written to, by the thousand: what the benchmarks of planning and sending run on.

Rows of the real schema, under the real constraints, but written by the driver at once.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Mailer
from crm.kernel import keys, schema
from crm.kernel.addresses import EmailAddress
from crm.kernel.clock import Clocks, real_clock
from crm.kernel.db import Database
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import Settings
from crm.workflows.planning.write_letter import Desk
from crm.workflows.sending.dispatch import PostRoom

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
"""A Monday, twelve o'clock in Amsterdam."""

NEXT_WEEK = NOON + timedelta(days=7)
BODY = """Dag {{ first_name | default("collega") }},

Ik zag dat {{ company }} het assortiment uitbreidt. Productfoto's maken kost dan al snel een dag per week, en
juist die dagen ontbreken in een drukke maand. Wij maken van een gewone foto, genomen met een telefoon, binnen
een minuut een beeld dat in de winkel past: vrijgesteld, recht, met de juiste schaduw en in uw eigen kleuren.

Een paar winkels als {{ website | default("de uwe") }} doen dit al. Zal ik met drie foto's van u laten zien
hoe dat eruitziet? Dat kost niets, en u zit nergens aan vast.

Groet,
{{ sender_name }}"""
CHUNK = 5_000


_HOUSE = (
    """INSERT INTO mailboxes
    (id, address, display_name, sender_name, time_zone, daily_cap, pause_reason,
     gap_seconds, jitter_seconds, ramp_start, ramp_step) VALUES
    (1, 'sanne@outreach.produfoto.example', 'Sanne', 'Sanne de Wit', 'Europe/Amsterdam', 100000000, '',
     0, 0, 0, 0)""",
    """INSERT INTO sequences (id, name, language, mailbox_id, created_at) VALUES
    (1, 'Reeks', 'nl', 1, :at)""",
    """INSERT INTO sequence_versions (id, sequence_id, number, published_at) VALUES (1, 1, 1, :at)""",
    """INSERT INTO steps (id, version_id, position, lineage, kind, delay, subject, body) VALUES
    (1, 1, 1, 1, 'email', 0, 'Foto''s voor {{ company }}', :body), (2, 1, 2, 2, 'email', 3, '', :body)""",
)


def settings_in(folder: Path, database_url: str) -> Settings:
    """An installation of its own in a folder."""
    keys.make_missing(folder / "keys")
    env = {
        "CRM_VAR": str(folder), "CRM_DATABASE_URL": database_url, "CRM_STORAGE_REGION": "eu-nl",
        "CRM_BASE_URL": "https://outreach.produfoto.example", "CRM_CONTROLLER_NAME": "Produfoto",
        "CRM_CONTROLLER_KVK": "42060740", "CRM_CONTROLLER_VAT": "NL005465581B96",
        "CRM_CONTROLLER_LOCATION": "3769 TR Soesterberg", "CRM_CONTROLLER_EMAIL": "rezfan@produfoto.com",
    }  # fmt: skip
    return Settings.from_env(env)


def desk_of(settings: Settings) -> Desk:
    """What writing letters takes."""
    links = PublicLinks(
        settings.keys.public_links, base_url=settings.base_url, mail_domain=settings.mail_domain
    )
    return Desk(settings, links)


def room_of(settings: Settings, database: Database, mailer: Mailer) -> PostRoom:
    """What sending takes; it is always noon, and leases run in real time."""
    return PostRoom(database, settings, Clocks(calendar=lambda: NOON, real=real_clock), mailer)


def relay_at(port: int) -> SmtpMailer:
    """Our mailer, to a sink on loopback."""
    return SmtpMailer(Relay("127.0.0.1", port, TlsMode.NONE, our_name="bench.example"))


def fill(settings: Settings, *, due: int, later: int = 0, refused_each: int = 50) -> None:
    """Enrol `due` people whose mail is due now, and `later` ones who only stand in the way.

    One in `refused_each` of those who are due is in the register of refusals.
    """
    database = Database(settings.database_url)
    schema.migrate(database)
    with database.transaction() as session:
        connection = session.connection()
        # Nothing here is searched for, and the index takes longer than all the rest.
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER prospects_search_added"))
        _house(connection)
        _many(connection, "companies", _companies(due, later))
        _many(connection, "prospects", _prospects(settings, due, later))
        _many(connection, "enrolments", _enrolments(due, later))
        _many(connection, "spelling_keys", _spellings(settings, due))
        _many(connection, "sources", _sources(due))
        _many(connection, "evidence", _evidence(due))
        _many(connection, "domain_checks", _domains(due))
        _many(connection, "refusals", _refusals(due, refused_each))
        _many(connection, "refusal_keys", _refusal_keys(settings, due, refused_each))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    database.dispose()


def _many(connection: Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    statement = None
    while chunk := list(islice(rows, CHUNK)):
        if statement is None:
            names = list(chunk[0])
            values = ", ".join(f":{name}" for name in names)
            statement = text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})")  # noqa: S608 - our own names
        connection.execute(statement, chunk)


def _house(connection: Connection) -> None:
    at = NOON.replace(tzinfo=None)
    for statement in _HOUSE:
        wanted = {"at": at, "body": BODY}
        used = {name: wanted[name] for name in wanted if f":{name}" in statement}
        connection.execute(text(statement), used)


def _address(number: int) -> str:
    return f"info@winkel{number}.example"


def _companies(due: int, later: int) -> Iterator[dict[str, Any]]:
    at = NOON.replace(tzinfo=None)
    for number in range(1, due + later // 4 + 2):
        yield {
            "id": number, "name": f"Winkel {number}", "domain": f"winkel{number}.example",
            "website": f"https://www.winkel{number}.example", "country": "NL", "language": "nl",
            "time_zone": "Europe/Amsterdam", "legal_form": "legal_person", "relevance": "Sells shoes online",
            "relevance_by": "Sanne", "created_at": at, "version": 1,
        }  # fmt: skip


def _prospects(settings: Settings, due: int, later: int) -> Iterator[dict[str, Any]]:
    at, ring = NOON.replace(tzinfo=None), settings.keys.addresses
    for number in range(1, due + later + 1):
        company = number if number <= due else due + 1 + (number - due - 1) // 4
        address = _address(number) if number <= due else f"p{number}@winkel{company}.example"
        digest = ring.digest(EmailAddress(*address.split("@"))) if number <= due else f"{number:032x}"
        yield {
            "id": number, "company_id": company, "name": "Anna de Boer", "role": "Inkoper",
            "role_relevance": "", "address": address, "address_digest": digest, "address_kind": "generic",
            "address_state": "unproven", "language": "", "country": "NL", "status": "new", "created_at": at,
            "version": 1,
        }  # fmt: skip


def _enrolments(due: int, later: int) -> Iterator[dict[str, Any]]:
    now, then = NOON.replace(tzinfo=None), NEXT_WEEK.replace(tzinfo=None)
    for number in range(1, due + later + 1):
        yield {
            "prospect_id": number, "sequence_id": 1, "version_id": 1, "state": "running", "stop_detail": "",
            "position": 1, "next_due_at": now if number <= due else then + timedelta(seconds=number % 86_400),
            "enrolled_at": now, "changed_at": now,
        }  # fmt: skip


def _spellings(settings: Settings, due: int) -> Iterator[dict[str, Any]]:
    for number in range(1, due + 1):
        for digest in settings.keys.addresses.digests(EmailAddress(*_address(number).split("@"))):
            yield {"digest": digest, "prospect_id": number, "key_version": 1}


def _sources(due: int) -> Iterator[dict[str, Any]]:
    for number in range(1, due + 1):
        yield {
            "prospect_id": number, "kind": "website", "url": "https://www.winkel.example/contact",
            "words": "", "obtained_on": NOON.date() - timedelta(days=2),
        }  # fmt: skip


def _evidence(due: int) -> Iterator[dict[str, Any]]:
    at = NOON.replace(tzinfo=None)
    for number in range(1, due + 1):
        yield {
            "prospect_id": number, "basis": "published_address", "url": "https://www.winkel.example/contact",
            "wording": "Leveranciers kunnen hun aanbod mailen naar dit adres.", "channel": "",
            "confirmed_by": "Sanne", "given_at": at,
        }  # fmt: skip


def _domains(due: int) -> Iterator[dict[str, Any]]:
    at = NEXT_WEEK.replace(tzinfo=None)
    for number in range(1, due + 1):
        yield {
            "domain": f"winkel{number}.example", "answer": "takes_mail", "next_check_at": at, "failures": 0,
        }  # fmt: skip


def _refusals(due: int, each: int) -> Iterator[dict[str, Any]]:
    at = NOON.replace(tzinfo=None)
    for number in range(each, due + 1, each):
        yield {
            "id": number, "public_id": f"{number:026d}", "scope": "address", "reason": "objection",
            "channel": "page", "message": "", "refused_at": at,
        }  # fmt: skip


def _refusal_keys(settings: Settings, due: int, each: int) -> Iterator[dict[str, Any]]:
    for number in range(each, due + 1, each):
        for digest in settings.keys.addresses.digests(EmailAddress(*_address(number).split("@"))):
            yield {"digest": digest, "refusal_id": number, "key_version": 1}
