"""Two colleagues publish one draft at the same moment: one does, the other is told who, and what changed."""

import re
import threading
import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from crm.kernel.mail import Language
from crm.sequences import drafts
from crm.sequences.drafts import Typed, TypedStep
from crm.sequences.models import Sequence, SequenceVersion
from crm.sequences.texts import Words
from crm.services import Services
from crm.staff.models import Role
from crm.workflows.series.publish_draft import Looked, publish_draft
from crm.workflows.series.save_draft import save_draft
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail
from tests.postgres import SESSIONS_WAITING
from tests.web.staff.conftest import Browser, account, browser_of


def drafted(outreach: Outreach) -> tuple[int, Looked]:
    """A published sequence with a draft that says something else, and what was seen of both."""
    sequence = outreach.sequence(mail(body="Oude woorden."))
    with outreach.services.database.transaction() as session:
        row = session.get_one(Sequence, sequence)
        step = TypedStep(texts=(Words("Foto's", "Nieuwe woorden."),), lineage=1)
        typed = Typed(row.name, Language.NL, row.mailbox_id, (step,))
        _, revision = save_draft(session, typed, sequence_id=sequence, seen=0, by=None, at=outreach.now)
        newest = session.scalars(select(SequenceVersion.id)).one()
    return sequence, Looked(revision, newest)


def fields(looked: Looked) -> dict[str, str]:
    return {"revision": str(looked.revision), "version_id": str(looked.version_id), "who": "new"}


def by_colleague(services: Services, sequence: int, looked: Looked) -> None:
    colleague = account(services, Role.MANAGER)
    with services.database.transaction() as session:
        publish_draft(session, sequence, looked, by=colleague, at=services.clocks.calendar())


def test_who_comes_second_is_told_who_published_and_what_changed(
    admin: Browser, services: Services, outreach: Outreach, clock: FakeClock
) -> None:
    sequence, looked = drafted(outreach)
    by_colleague(services, sequence, looked)
    clock.advance(timedelta(seconds=20))
    answer = admin.post(f"/sequences/{sequence}/publish", fields(looked))
    assert answer.status_code == 409
    assert "Sanne manager published version 2 just now" in answer.text
    changed = re.sub(r"<[^>]+>", "", answer.text.partition("What version 2 changed")[2])
    assert "Removed: Oude woorden." in changed
    assert "New: Nieuwe woorden." in changed


def test_who_publishes_twice_sees_it_published(admin: Browser, outreach: Outreach) -> None:
    sequence, looked = drafted(outreach)
    answers = [admin.post(f"/sequences/{sequence}/publish", fields(looked)) for _ in range(2)]
    assert ["did=published" in one.headers["Location"] for one in answers] == [True, True]


def test_a_draft_begun_since_is_offered_and_not_published(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    sequence, looked = drafted(outreach)
    by_colleague(services, sequence, looked)
    with services.database.transaction() as session:
        row = session.get_one(Sequence, sequence)
        typed = Typed(row.name, Language.NL, row.mailbox_id, (TypedStep(texts=(Words("Nog", "iets"),)),))
        drafts.save(session, sequence, typed, seen=0, by=None, at=outreach.now)
    answer = admin.post(f"/sequences/{sequence}/publish", fields(looked))
    assert answer.status_code == 409
    assert f'href="/sequences/{sequence}/publish"' in answer.text


@pytest.mark.on_postgresql
def test_of_two_at_the_same_moment_one_publishes_and_the_other_reads_so(
    app: Flask, services: Services, outreach: Outreach
) -> None:
    sequence, looked = drafted(outreach)
    browser, colleague = browser_of(app, services, Role.ADMIN), account(services, Role.MANAGER)
    answers = []
    second = threading.Thread(
        target=lambda: answers.append(browser.post(f"/sequences/{sequence}/publish", fields(looked)))
    )
    with services.database.transaction() as session:
        publish_draft(session, sequence, looked, by=colleague, at=outreach.now)
        second.start()
        _until_somebody_waits(services)
    second.join()
    assert answers[0].status_code == 409
    assert "Sanne manager published version 2 just now" in answers[0].text
    with services.database.reading() as session:
        assert sorted(session.scalars(select(SequenceVersion.number))) == [1, 2]


def _until_somebody_waits(services: Services) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with services.database.reading() as session:
            if session.scalar(SESSIONS_WAITING):
                return
        time.sleep(0.02)
    pytest.fail("the second colleague never waited for the first")
