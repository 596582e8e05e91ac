"""Faults in how a no is heard and kept, planted one at a time."""

import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.handoff import leads
from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.permission import limits, stops
from crm.privacy import register
from crm.privacy.models import RefusalKey, RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.workflows.inbox import answer_mail
from crm.workflows.leads import hand_off
from crm.workflows.people import import_run
from crm.workflows.refusals import erase, refuse
from crm.workflows.reports import note_bounce
from tests.simulation.installation import Installation
from tests.simulation.planting import Plant, Put, both, nothing, put, swap, without
from tests.simulation.turns import Weather


def _lifting(module: Any, name: str) -> Put:
    """A workflow that takes every no out of the register on its way."""
    sound = getattr(module, name)

    def work(session: Session, *args: Any, **more: Any) -> Any:
        found = sound(session, *args, **more)
        session.execute(delete(RefusalKey))
        return found

    return swap((module, name, work))


def _not_committed(made: Installation) -> AbstractContextManager[None]:
    """Somebody is told that it is done, and the disk does not know it."""
    sound = refuse.write

    def write(session: Session, *args: Any, **more: Any) -> refuse.Written:
        written = sound(session, *args, **more)
        session.expunge_all()
        session.connection().exec_driver_sql("DELETE FROM refusal_keys")
        return written

    return put((refuse, "write", write))


def _exact(self: EmailAddress) -> str:
    return f"{self.local}@{self.domain}"


def _only_exact(self: EmailAddress) -> tuple[str, ...]:
    return (_exact(self),)


def _strange(_self: AddressKeys, _domain: str) -> tuple[AddressDigest, ...]:
    return (AddressDigest(secrets.token_hex(16)),)


def _soft_is_hard(made: Installation) -> AbstractContextManager[None]:
    """A full mailbox is taken for a no."""
    sound = note_bounce._count_soft  # noqa: SLF001 - it is taken out

    def count(session: Session, mail: note_bounce.Returned, *, now: datetime) -> None:
        sound(session, mail, now=now)
        digest = session.scalars(
            select(Message.address_digest).where(Message.public_id == mail.public_id)
        ).one()
        wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.BY_STAFF, channel="hook", at=now)
        register.record(session, ((digest, 1),), wish)

    return put((note_bounce, "_count_soft", count))


def _new_key(made: Installation) -> AbstractContextManager[None]:
    """Every try is another lead to the image service."""
    sound = leads.claim_next

    def claim_next(session: Session, **more: Any) -> leads.Claimed | None:
        found = sound(session, **more)
        return found and replace(found, public_id=f"{found.public_id}-{found.attempt}")

    return put((leads, "claim_next", claim_next))


def _looks_nowhere(*_args: Any) -> Sequence[str]:
    return []


CONSENT = {
    "an objector does not look for what is leaving": Plant(
        "I01", "after_final", swap((refuse, "_leaving", _looks_nowhere)), Weather(aimed=0.5)
    ),
    "the gate does not ask the register": Plant(
        "I01", "after_final", without(stops.refusals), Weather(aimed=0.5)
    ),
    "an answer does not stop": Plant(
        "I07",
        "after_the_end",
        both(without(limits.answers, limits.limits), swap((answer_mail, "stop", nothing))),
    ),
    "an import lifts noes": Plant("I13", "unheard", _lifting(import_run, "write_batch")),
    "an erasure forgets the no": Plant("I14", "unheard", _lifting(erase, "forget_rows")),
    "only the exact spelling is refused": Plant(
        "I15",
        "unheard",
        swap(
            (EmailAddress, "identity", property(_exact)), (EmailAddress, "spellings", property(_only_exact))
        ),
    ),
    "a no is acknowledged and not kept": Plant("I18", "unheard", _not_committed),
    "a company's no does not reach who comes later": Plant(
        "I19", "after_final", swap((AddressKeys, "domain_digests", _strange)), Weather(aimed=0.3)
    ),
    "a soft bounce refuses": Plant("I20", "never_said", _soft_is_hard),
    "a new key for every try of a lead": Plant("I25", "leads", _new_key, Weather(lost=0.3)),
    "a lead of somebody who said no": Plant(
        "I27", "leads", swap((hand_off, "has_refused", lambda *_: False)), Weather(lost=0.3)
    ),
}
