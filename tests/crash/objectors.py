"""People who object while mail is leaving. Each notes what they were told, and what was history by then."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crm.delivery import claims
from crm.kernel.addresses import EmailAddress
from crm.kernel.clock import monotonic
from crm.privacy import register
from crm.privacy.journal import Journal
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from tests.crash.stage import Stage, address_of


@dataclass(frozen=True)
class Objection:
    """What a person was told."""

    number: int
    is_final: bool
    """Nothing more would come; otherwise one message might."""

    history: int
    """Bytes of the provider's history when they were told."""

    at: float = 0.0
    """CLOCK_MONOTONIC when they were told."""


class Objectors:
    """Object one after another; every second one in the register alone, where only the gate sees it."""

    def __init__(self, stage: Stage, people: int, *, seed: int) -> None:
        self._stage = stage
        self._order = random.Random(seed).sample(range(people), people)  # noqa: S311 - to be repeated, not to be secret
        self._desk = Desk(
            database=stage.database,
            ring=stage.settings.keys.addresses,
            journal=Journal(stage.settings.var / "refusals.journal"),
            real=stage.clocks.real,
            patience=0.3,
        )
        self.told: list[Objection] = []

    def object_once(self, number: int | None = None) -> None:
        """Somebody says no: the next person, unless one is named."""
        number = self._order[len(self.told)] if number is None else number
        mailbox = EmailAddress.parse(address_of(number))
        keys = register.keys_of(self._stage.settings.keys.addresses, mailbox)
        wish = Wish(
            scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page",
            at=self._stage.clocks.calendar(),
        )  # fmt: skip
        if len(self.told) % 2:
            is_final = refuse(self._desk, Mailbox(keys), wish).is_final
        else:
            is_final = self._by_the_register_alone(keys, wish)
        self.told.append(Objection(number, is_final, size_of(self._stage.history), monotonic()))

    def _by_the_register_alone(self, keys: tuple[register.Key, ...], wish: Wish) -> bool:
        database = self._stage.database
        with database.transaction() as session:
            register.record(session, keys, wish)
        for _ in self._looks():
            with database.reading() as session:
                digests = [digest for digest, _ in keys]
                if not claims.live_for(session, digests, real_now=self._stage.clocks.real()):
                    return True
        return False

    def _looks(self) -> Iterator[int]:
        for look in range(6):
            yield look
            time.sleep(0.05)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
