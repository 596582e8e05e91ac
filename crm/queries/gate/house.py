"""What holds for every mail at once: switches, pauses, the owner's answers, who we say we are."""

from dataclasses import dataclass

from sqlalchemy import Integer, cast, literal_column, select, union_all
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.kernel.prepared import Prepared
from crm.kernel.settings import Settings
from crm.operations import switches
from crm.operations.models import ChangedRule, Switch
from crm.permission import assessments
from crm.permission.budgets import DEFAULTS, Budgets
from crm.permission.countries import Override
from crm.permission.facts import Pauses, Sender
from crm.permission.rules import budgets_of
from crm.sequences.models import Sequence

_s = Switch.metadata.tables["switches"].c
_r = ChangedRule.metadata.tables["changed_rules"].c
_m = Mailbox.metadata.tables["mailboxes"].c
_q = Sequence.metadata.tables["sequences"].c


# One question for both: this is asked with every ten mails.
_SWITCHES = Prepared(
    union_all(
        select(literal_column("0").label("is_rule"), _s.name, cast(_s.is_on, Integer).label("value")),
        select(literal_column("1"), _r.name, _r.value),
    )
)
_CLOSED_MAILBOXES = Prepared(select(_m.id).where(_m.paused_at.is_not(None)))
_CLOSED_SEQUENCES = Prepared(select(_q.id).where(_q.paused_at.is_not(None)))


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
    budgets: Budgets = DEFAULTS

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
    rows = _SWITCHES.rows(session)
    on = {name: bool(value) for is_rule, name, value in rows if not is_rule}
    return House(
        paused=on.get(switches.PAUSED, False),
        armed=on.get(switches.ARMED, True),
        interest_allowed=on.get(switches.LEGITIMATE_INTEREST, False),
        paused_mailboxes=frozenset(row[0] for row in _CLOSED_MAILBOXES.rows(session)),
        paused_sequences=frozenset(row[0] for row in _CLOSED_SEQUENCES.rows(session)),
        overrides=assessments.overrides(session),
        sender=Sender(
            complete=settings.controller.complete, has_street=settings.controller.has_postal_address
        ),
        budgets=budgets_of({name: value for is_rule, name, value in rows if is_rule}),
    )
