"""A mail over which whole processes die: what is behind it is read, and it is set aside in the end."""

import signal
from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.queries.pages import today
from crm.replies.inbox import IN_HAND
from crm.replies.models import InboundMail, InboundState
from crm.sequences.models import Enrolment, EnrolmentState
from crm.workflows.inbox.receive_mail import keep
from crm.workflows.inbox.understand_mail import MOST_DEATHS
from tests.crash.installation import Installation

pytestmark = [pytest.mark.enable_socket, pytest.mark.both_databases]

KILLED = -signal.SIGKILL
ANNA, BERT = "anna@winkel.example", "bert@bakker.example"


@pytest.fixture
def here(here: Installation) -> Installation:
    """Anna and Bert are in a sequence; the first mail of the two who write is Anna's."""
    outreach = here.outreach
    outreach.enrol([outreach.person(ANNA), outreach.person(BERT)], outreach.sequence())
    arrives(here, ANNA, "dodelijk")
    arrives(here, BERT, "Haal me van de lijst.")
    return here


def arrives(here: Installation, sender: str, text: str) -> None:
    head = f"From: {sender}\nTo: sales@produfoto.example\nSubject: Foto's\nMessage-ID: <1@{sender}>\n\n"
    keep(here.services.database, f"{head}{text}\n".encode(), at=here.clock.now)
    here.clock.advance(timedelta(seconds=1))


def reader(here: Installation, word: str = "dodelijk") -> int:
    """How it ended. It dies over mail that has this word in it."""
    return here.forks.run("tests.crash.deadly", word, env=here.told).status


def mails(here: Installation) -> list[InboundMail]:
    with here.services.database.reading() as session:
        return list(session.scalars(select(InboundMail).order_by(InboundMail.id)))


def enrolments(here: Installation) -> list[EnrolmentState]:
    with here.services.database.reading() as session:
        return list(session.scalars(select(Enrolment.state).order_by(Enrolment.id)))


def test_what_is_behind_it_is_read_at_once(here: Installation) -> None:
    assert (reader(here), reader(here)) == (KILLED, 0)
    deadly, behind = mails(here)
    assert (deadly.state, behind.state, behind.kind) == (
        InboundState.RECEIVED, InboundState.UNDERSTOOD, "opt_out",
    )  # fmt: skip
    assert enrolments(here) == [EnrolmentState.RUNNING, EnrolmentState.STOPPED]


def test_after_some_deaths_it_is_set_aside_shown_and_its_writer_waits(here: Installation) -> None:
    deaths = []
    for _ in range(MOST_DEATHS + 2):
        deaths.append(reader(here))
        here.clock.advance(IN_HAND)
    assert deaths == [KILLED] * MOST_DEATHS + [0, 0]
    deadly = mails(here)[0]
    assert (deadly.state, deadly.kind, deadly.sub) == (InboundState.QUARANTINED, "unclear", "broken")
    assert (deadly.raw is not None, deadly.text, deadly.subject_line) == (True, "", "Foto's")
    assert enrolments(here)[0] is EnrolmentState.PAUSED
    with here.services.database.reading() as session:
        assert [item.id for item in today.replies(session)] == [deadly.id]


def test_even_if_its_headers_kill_it_is_set_aside_in_the_end(here: Installation) -> None:
    """Whose it is cannot be told then, so nobody waits."""
    deaths = []
    for _ in range(MOST_DEATHS + 2):
        deaths.append(reader(here, "Message-ID: <1@anna"))
        here.clock.advance(IN_HAND)
    assert deaths == [KILLED] * (MOST_DEATHS + 1) + [0]
    assert (mails(here)[0].state, mails(here)[0].prospect_id) == (InboundState.QUARANTINED, None)


def test_a_reader_that_is_killed_by_chance_costs_nothing_but_time(here: Installation) -> None:
    for _ in range(MOST_DEATHS - 1):
        assert reader(here) == KILLED
        here.clock.advance(IN_HAND)
    assert reader(here, "no such word") == 0
    assert mails(here)[0].state is InboundState.UNDERSTOOD


def test_one_that_is_in_a_living_hand_is_left_to_it(here: Installation) -> None:
    reader(here)
    here.clock.advance(IN_HAND - timedelta(seconds=1))
    assert reader(here) == 0
    assert mails(here)[0].deaths == 0
