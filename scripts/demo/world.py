"""The demo's world, made by the program's own workflows: staff, imports, sequences, enrolments."""

import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select, update

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.clock import Clocks
from crm.kernel.ids import secret_token
from crm.kernel.mail import Language
from crm.operations import switches
from crm.permission import assessments
from crm.prospects import uploads
from crm.prospects.choices import Choices
from crm.prospects.import_models import ImportState
from crm.prospects.models import Prospect
from crm.sequences.models import Sequence, StepKind
from crm.sequences.texts import Words
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.staff import passwords
from crm.staff.models import Role, Staff
from crm.workflows.house.log_in import claim_account, log_out
from crm.workflows.house.open_house import invitation_link
from crm.workflows.people.check_domains import Watermark, check_domains
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.import_prospects import import_prospects
from crm.workflows.people.receive_import import receive_import, start_import
from crm.workflows.series.publish_sequence import Draft, publish_sequence
from scripts.demo.cast import HERE, cast
from scripts.demo.enrolments import enrol_everybody
from scripts.demo.fast_calendar import COUNTRIES
from scripts.demo.history import Past, write_history
from scripts.demo.sheets import LATER, Sheet, later_sheet, sheets

TEAM: Final = (
    ("Noor El Amrani", "noor@produfoto.example", Role.ADMIN),
    ("Iris Bakker", "iris@produfoto.example", Role.MANAGER),
    ("Sanne de Wit", "sanne@produfoto.example", Role.SALES),
    ("Daan Vermeer", "daan@produfoto.example", Role.SALES),
)
_BOXES: Final = (
    ("sanne", "Sanne van Produfoto", "Sanne de Wit"),
    ("daan", "Daan from Produfoto", "Daan Vermeer"),
)
DAILY_CAP: Final = 50
_ASSESSED: Final = "GB,US"
_ASSESSMENT: Final = """\
Interest: to find webshops that can use our product photos.
Necessity: a first mail to a business address is the mildest way to ask; telephone is not milder.
Balance: the address is a business one, the text concerns the reader's work, it says who we are, where the
address came from and how to object, and there are at most three mails. Whoever objects is left alone.
Outcome: allowed for companies in the United Kingdom and the United States, not for sole traders."""


@dataclass(frozen=True, slots=True)
class World:
    """What was made."""

    prospects: int
    enrolled: int


def build(services: Services, var: Path, *, seed: int, first_morning: datetime) -> World:
    """Make everything, as of the days before the first morning. The database is migrated and empty."""
    friday = first_morning - timedelta(days=3) + timedelta(hours=2)
    then = replace(services, clocks=Clocks(calendar=lambda: friday, real=services.clocks.real))
    staff = _hire(then, first_morning - timedelta(days=21))
    assessment_id = _decide(then, staff, first_morning - timedelta(days=20))
    _take_in(then, var, seed, assessment_id, staff)
    ids = _look_after(then, staff)
    while check_domains(services.database, services.mail_domains, services.clocks.real, Watermark()):
        continue
    sequences = _publish(then, staff[Role.MANAGER], friday)
    owners = _owners(staff)
    write_history(
        Past(then, first_morning, ids, owners),
        {(person.shop.domain, person.slot): person for person in cast(seed)},
    )
    enrolled = enrol_everybody(then, ids, sequences, seed=seed, first_morning=first_morning, by=owners)
    return World(len(ids), enrolled)


def _hire(services: Services, at: datetime) -> dict[str, int]:
    """The team: by role, and both salespeople by their first name. Nobody has their passwords."""
    found: dict[str, int] = {}
    for name, email, role in TEAM:
        with services.database.transaction() as session:
            link = invitation_link(session, role, "", actor=chain.OWNER, at=at)
            hashed = passwords.hashed(secret_token())
            code = link.rpartition("/")[2]
            cookie = claim_account(session, code, name=name, email=email, password_hash=hashed, at=at)
            log_out(session, cookie, at=at)
            staff_id = session.scalars(select(Staff.id).where(Staff.email == email)).one()
        found |= {role: staff_id, name.partition(" ")[0]: staff_id}
    return found


def _owners(staff: Mapping[str, int]) -> dict[str, int]:
    """Who looks after which country."""
    return {country: staff["Sanne" if country in {"NL", "BE"} else "Daan"] for country in COUNTRIES}


def _decide(services: Services, staff: Mapping[str, int], at: datetime) -> int:
    """The owner's papers: mailboxes, the documented assessment, and the switch that goes with it."""
    admin = staff[Role.ADMIN]
    domain = services.settings.mail_domain
    with services.database.transaction() as session:
        for local, shown, signs in _BOXES:
            # No gap, no first days: a week passes in minutes here, and there is something to be seen in it.
            box = Mailbox(
                address=f"{local}@{domain}",
                display_name=shown,
                sender_name=signs,
                daily_cap=DAILY_CAP,
                gap_seconds=0,
                jitter_seconds=0,
                ramp_start=0,
            )
            session.add(box)
        kept = assessments.write(
            session,
            title="Webshops in the United Kingdom and the United States",
            scope=_ASSESSED,
            text=_ASSESSMENT,
            by=admin,
            at=at,
            review_on=(at + timedelta(days=365)).date(),
        )
        switches.turn(session, switches.LEGITIMATE_INTEREST, on=True, by=admin, at=at, reason="assessment 1")
        chain.append(
            session,
            actor=chain.Actor.staff(admin),
            action="switch.turned",
            object=switches.LEGITIMATE_INTEREST,
            detail={"on": True},
            at=at,
        )
        return kept.id


def _take_in(services: Services, var: Path, seed: int, assessment_id: int, staff: Mapping[str, int]) -> None:
    """Write the files where a visitor finds them, and import all but the one that is theirs to try."""
    files = var / "files"
    files.mkdir(mode=0o700, exist_ok=True)
    today = services.clocks.calendar().date()
    (files / LATER).write_bytes(later_sheet(today))
    for sheet in sheets(seed, today + timedelta(days=3)):
        (files / sheet.file).write_bytes(sheet.content)
        _import(services, sheet, assessment_id, staff[sheet.checked_by.partition(" ")[0]])


def _import(services: Services, sheet: Sheet, assessment_id: int, by: int) -> None:
    intake = Intake(
        database=services.database,
        ring=services.settings.keys.addresses,
        journal=services.journal,
        clocks=services.clocks,
        controller=services.settings.controller,
        uploads=uploads.folder_of(services.settings.var),
    )
    row, _table = receive_import(intake, io.BytesIO(sheet.content), file_name=sheet.file, by=by)
    guessed = Choices.from_json(row.mapping)
    choices = replace(
        guessed,
        role_relevance=sheet.role_relevance,
        relevance_by=sheet.checked_by,
        assessment_id=assessment_id if sheet.assessed else None,
    )
    started = start_import(intake, row.public_id, choices)
    ended = import_prospects(intake, started.id)
    if ended is None or ended.state is not ImportState.DONE:
        raise AssertionError("a file of the demo cannot be imported")


def _look_after(services: Services, staff: Mapping[str, int]) -> dict[str, int]:
    """Give everybody an owner; their ids by address."""
    with services.database.transaction() as session:
        for country, owner in _owners(staff).items():
            session.execute(update(Prospect).where(Prospect.country == country).values(owner_id=owner))
        return dict(session.execute(select(Prospect.address, Prospect.id)).all())


def _publish(services: Services, by: int, at: datetime) -> dict[str, int]:
    """The three sequences, by language. The Dutch one leaves from Sanne's mailbox, the others from Daan's."""
    found: dict[str, int] = {}
    for one in tomllib.loads((HERE / "letters.toml").read_text("utf-8"))["sequence"]:
        steps = [
            NewStep(
                StepKind(step["kind"]),
                step["delay"],
                step["subject"],
                step["body"].strip(),
                tuple(Words(other["subject"], other["body"].strip()) for other in step.get("other", ())),
            )
            for step in one["step"]
        ]
        draft = Draft(one["name"], Language(one["language"]), steps)
        with services.database.transaction() as session:
            kept = publish_sequence(session, draft, sequence_id=None, by=by, at=at)
            if one["language"] != "nl":
                box = session.scalars(select(Mailbox.id).order_by(Mailbox.id.desc()).limit(1)).one()
                session.execute(update(Sequence).where(Sequence.id == kept).values(mailbox_id=box))
        found[one["language"]] = kept
    return found
