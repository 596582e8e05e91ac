"""What holds for every mail at once: switches, pauses, the owner's answers, who we say we are."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.kernel.settings import Settings
from crm.operations import switches
from crm.operations.models import Switch
from crm.permission import assessments
from crm.permission.countries import Override
from crm.permission.facts import Pauses, Sender
from crm.sequences.models import Sequence


@dataclass(frozen=True, slots=True)
class House:
    """Read once a transaction."""

    paused: bool
    armed: bool
    """False after a restore, until a person says that no other installation sends (I10)."""

    interest_allowed: bool
    paused_mailboxes: frozenset[int]
    paused_sequences: frozenset[int]
    overrides: tuple[Override, ...]
    sender: Sender

    @property
    def may_send(self) -> bool:
        """Nothing stops everything."""
        return self.armed and not self.paused

    def pauses(self, mailbox_id: int | None, sequence_id: int | None) -> Pauses:
        """What is switched off for one mail."""
        return Pauses(
            everything=not self.may_send,
            mailbox=mailbox_id in self.paused_mailboxes,
            sequence=sequence_id in self.paused_sequences,
        )


def house(session: Session, settings: Settings) -> House:
    """How things stand right now."""
    on = dict(session.execute(select(Switch.name, Switch.is_on)).all())
    return House(
        paused=on.get(switches.PAUSED, False),
        armed=on.get(switches.ARMED, True),
        interest_allowed=on.get(switches.LEGITIMATE_INTEREST, False),
        paused_mailboxes=frozenset(session.scalars(select(Mailbox.id).where(Mailbox.paused_at.is_not(None)))),
        paused_sequences=frozenset(
            session.scalars(select(Sequence.id).where(Sequence.paused_at.is_not(None)))
        ),
        overrides=assessments.overrides(session),
        sender=Sender(
            complete=settings.controller.complete, has_street=settings.controller.has_postal_address
        ),
    )
