"""The world of `bench pixel`: as many people as wanted, each with one mail that was sent an hour ago."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import insert

import crm.models  # noqa: F401 - every table
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind
from crm.kernel.clock import real_clock
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind, TrackingMode
from crm.privacy import register
from crm.prospects.models import Company, Prospect, SpellingKey
from crm.services import Services

COMPANIES = 1_000


def make_world(services: Services, messages: int) -> list[str]:
    """Messages that were sent an hour ago to as many people; the paths of their pixels."""
    ring, now = services.settings.keys.addresses, real_clock()
    pixels = [secrets.token_hex(16) for _ in range(messages)]
    with services.database.transaction() as session:
        session.add(Mailbox(id=1, address="us@produfoto.example", display_name="Produfoto"))
        session.flush()
        session.execute(
            insert(Company),
            [
                {"id": n, "name": f"Shop {n}", "domain": f"shop{n}.example", "created_at": now, "version": 1}
                for n in range(1, COMPANIES + 1)
            ],
        )
        for start in range(0, messages, 5_000):
            numbers = range(start + 1, min(start + 5_000, messages) + 1)
            people = [(n, EmailAddress.parse(f"buyer{n}@shop{n % COMPANIES + 1}.example")) for n in numbers]
            session.execute(insert(Prospect), [_prospect(n, address, services, now) for n, address in people])
            keys = [
                (n, key) for n, address in people for key in dict(register.keys_of(ring, address)).items()
            ]
            session.execute(
                insert(SpellingKey), [{"digest": d, "prospect_id": n, "key_version": v} for n, (d, v) in keys]
            )
            session.execute(
                insert(Message), [_message(n, address, pixels[n - 1], services, now) for n, address in people]
            )
    return ["/" + services.links.pixel_url(pixel).split("/", 3)[3] for pixel in pixels]


def _prospect(n: int, address: EmailAddress, services: Services, now: datetime) -> dict[str, object]:
    return {
        "id": n,
        "company_id": n % COMPANIES + 1,
        "address": str(address),
        "address_digest": services.settings.keys.addresses.digest(address),
        "address_kind": AddressKind.NAMED,
        "created_at": now,
        "version": 1,
    }


def _message(
    n: int, address: EmailAddress, pixel: str, services: Services, now: datetime
) -> dict[str, object]:
    return {
        "id": n,
        "public_id": new_public_id(),
        "pixel_id": pixel,
        "kind": MailKind.OUTREACH,
        "prospect_id": n,
        "mailbox_id": 1,
        "address_digest": services.settings.keys.addresses.digest(address),
        "recipient": str(address),
        "sender": "b@produfoto.example",
        "subject_line": "Product photos",
        "wire": b"",
        "tracking": TrackingMode.INDIVIDUAL,
        "state": MessageState.SENT,
        "due_at": now,
        "planned_at": now,
        "sent_at": now - timedelta(hours=1),
        "changed_at": now,
    }
