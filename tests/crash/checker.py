"""The judge. It reads the provider's history and a dump of the tables, and believes nobody else."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from crm.kernel.db import Database
from tests.crash.objectors import Objection
from tests.crash.stage import address_of

QUIET = {"sent", "uncertain", "withheld", "rejected", "cancelled"}
"""Where a message may end. A person sees the uncertain ones."""


@dataclass
class Findings:
    """What is wrong, and what was counted on the way."""

    duplicates: list[str] = field(default_factory=list)
    planned_twice: list[int] = field(default_factory=list)
    after_final: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    """Recorded as sent, but the provider was never asked."""

    died: list[str] = field(default_factory=list)
    """Tracebacks of workers that nobody killed."""

    states: Counter[str] = field(default_factory=Counter)
    handed_over: int = 0
    laid_aside: int = 0
    """Messages taken for the cause of a crash; every one of them is innocent."""

    @property
    def wrong(self) -> dict[str, int]:
        """How many of each fault; empty when there is none."""
        faults: dict[str, Sized] = {
            "duplicates": self.duplicates, "planned_twice": self.planned_twice,
            "after_final": self.after_final, "lost": self.lost, "invented": self.invented, "died": self.died,
        }  # fmt: skip
        return {name: len(found) for name, found in faults.items() if found}


def judge(database: Database, history: Path, told: Sequence[Objection]) -> Findings:
    """Compare what the provider saw with what people were told and what is on record."""
    with database.reading() as session:
        messages = session.execute(
            text("SELECT public_id, enrolment_id, recipient, state FROM messages")
        ).all()
        enrolments = session.execute(
            text("SELECT id, state, next_due_at, stop_reason, stop_detail FROM enrolments")
        ).all()
    found = Findings()
    asked = _history(history)
    found.handed_over = len(asked)
    found.states.update(str(row.state) for row in messages)
    found.laid_aside = sum(row.stop_detail.startswith("crashes") for row in enrolments)
    steps = {row.public_id: row.enrolment_id for row in messages}
    _judge_sending(found, asked, steps)
    per_step = Counter(row.enrolment_id for row in messages)
    found.planned_twice = [one for one, count in per_step.items() if count > 1]
    recipients = {row.public_id: row.recipient for row in messages}
    finals = {address_of(one.number): one.history for one in told if one.is_final}
    found.after_final = [
        place for place, name in asked if place >= finals.get(recipients.get(name, ""), place + 1)
    ]
    names = {name for _, name in asked}
    found.invented = [row.public_id for row in messages if row.state == "sent" and row.public_id not in names]
    states = defaultdict(set)
    for row in messages:
        states[row.enrolment_id].add(row.state)
    found.lost = [
        row.id
        for row in enrolments
        if not (states[row.id] and states[row.id] <= QUIET) and row.state not in {"stopped", "paused"}
    ]
    return found


def _judge_sending(found: Findings, asked: Sequence[tuple[int, str]], steps: dict[str, int]) -> None:
    """One hand-over a message and a step, ever (I02); one that no row knows of counts as one too many."""
    by_name = Counter(name for _, name in asked)
    by_step = Counter(steps.get(name) for name in by_name)
    found.duplicates = [name for name, count in by_name.items() if count > 1 or name not in steps]
    found.duplicates += [f"step {step}" for step, count in by_step.items() if count > 1]


def _history(path: Path) -> list[tuple[int, str]]:
    """(Offset of the line, public id) of every hand-over that was begun."""
    lines, offset = [], 0
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        with suppress(ValueError):  # half a line: the hand-over had not begun
            lines.append((offset, str(json.loads(line)["public_id"])))
        offset += len(line)
    return lines
