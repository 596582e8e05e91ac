"""The demo's recipients in the long run, and what each of them heard."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import text

from crm.kernel.db import Database
from scripts.demo.people import Due, People
from scripts.demo.soak_judge import HandedOver, Heard
from scripts.demo.soak_worker import HISTORY
from scripts.demo.temper import Act

_FINAL: Final = {"never", "remove", "company"}
"""Choices on the page that end everything."""

_ABOUT: Final = text(
    "SELECT m.public_id, m.kind, m.enrolment_id, s.position, coalesce(c.country, '') AS country,"
    " coalesce(c.time_zone, '') AS zone FROM messages m LEFT JOIN steps s ON s.id = m.step_id"
    " LEFT JOIN prospects p ON p.id = m.prospect_id LEFT JOIN companies c ON c.id = p.company_id"
    " WHERE m.public_id = :name"
)


@dataclass
class Crowd(People):
    """All of them, and the provider's history as far as it is read."""

    history: list[HandedOver] = field(default_factory=list)
    told: list[Heard] = field(default_factory=list)
    _read: int = 0

    def keep_history(self, database: Database) -> None:
        """Read on in the provider's history, with what is on record about each message by now."""
        path = self.var / HISTORY
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        self._read += len(lines)
        with database.reading() as session:
            for line in lines.splitlines():
                said = json.loads(line)
                row = session.execute(_ABOUT, {"name": said["public_id"]}).one_or_none()
                step = (row.enrolment_id, row.position) if row and row.position is not None else None
                self.history.append(
                    HandedOver(
                        said["public_id"],
                        said["recipient"],
                        datetime.fromisoformat(said["at"]),
                        row.kind if row else "unknown",
                        step,
                        row.country if row else "",
                        row.zone if row else "",
                    )
                )

    def _note(self, due: Due, statuses: list[int], account: str) -> None:
        super()._note(due, statuses, account)
        plan = due.plan
        ends = plan.act is Act.ONE_CLICK or (plan.act is Act.CHOOSE and plan.detail in _FINAL)
        if ends and statuses and statuses[-1] == 200:
            self.told.append(Heard(due.letter.recipient, len(self.history)))
