"""Mail of the corpus with bytes changed at random is kept and judged; none is lost, none holds up the rest.

The seed is in every failure; `CRM_MAIL_SEED` plays one again.
"""

import os
import random
from collections.abc import Callable
from typing import Final

import pytest
from sqlalchemy import func, select

from crm.replies.models import InboundMail, InboundState
from crm.services import Services
from crm.workflows.inbox.receive_mail import keep
from crm.workflows.inbox.understand_mail import understand_mail
from tests.correspondence import Correspondence, spam_report
from tests.deep import IS_DEEP, size
from tests.replies.mails import CORPUS

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(7_200 if IS_DEEP else 120)]

MAILS: Final = size(60, 10_000)
SEED: Final = int(os.environ.get("CRM_MAIL_SEED", "20261130"))
_EVIL: Final = (
    b"\x00", b"\xff\xfe", b"\r", b"\n\n", b"=?utf-8?b?", b"?=", b"--=f--", b"<>", b"@", b"=\n",
    b"Content-Type: multipart/mixed; boundary=\n", b"Content-Transfer-Encoding: uuencode\n",
    b'charset="idna"', "\U0001f4f7".encode(), b"99999999999",
)  # fmt: skip


def _flip(chance: random.Random, raw: bytearray) -> None:
    raw[chance.randrange(len(raw))] = chance.randrange(256)


def _cut(chance: random.Random, raw: bytearray) -> None:
    start = chance.randrange(len(raw))
    del raw[start : start + chance.randrange(1, 200)]


def _double(chance: random.Random, raw: bytearray) -> None:
    start = chance.randrange(len(raw))
    raw[start:start] = raw[start : start + chance.randrange(1, 400)]


def _insert(chance: random.Random, raw: bytearray) -> None:
    at = chance.randrange(len(raw))
    raw[at:at] = chance.choice(_EVIL) * chance.randrange(1, 4)


_WAYS: Final[tuple[Callable[[random.Random, bytearray], None], ...]] = (_flip, _cut, _double, _insert)


def mutated(chance: random.Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randrange(1, 12)):
        if changed:
            chance.choice(_WAYS)(chance, changed)
    return bytes(changed)


def test_no_mutated_mail_is_lost_or_holds_up_the_rest(services: Services) -> None:
    talk = Correspondence(services)
    sound = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
    sound.append(spam_report(report={"Original-Rcpt-To": "anna@winkel.example"}))
    chance = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    kept = sum(
        keep(services.database, mutated(chance, chance.choice(sound)), at=talk.outreach.now)
        for _ in range(MAILS)
    )
    while understand_mail(services.reading_room, now=talk.outreach.now):
        pass
    with services.database.reading() as session:
        counted = select(InboundMail.state, func.count().label("number")).group_by(InboundMail.state)
        states = {row.state: row.number for row in session.execute(counted)}
        unjudged = session.scalar(select(func.count()).where(InboundMail.kind == ""))
    assert sum(states.values()) == kept, f"seed {SEED}"
    assert set(states) <= {InboundState.UNDERSTOOD, InboundState.QUARANTINED}, f"seed {SEED}: {states}"
    assert unjudged == 0, f"seed {SEED}"
    assert kept > MAILS // 2, "most of them are mails of their own"
