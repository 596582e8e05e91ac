"""A worker killed anywhere on the way of a lead: acknowledged in the end, and one lead there (I25)."""

import signal

import pytest

from crm.audit.chain import OWNER
from crm.handoff.models import LeadState
from crm.workflows.leads.convert import Converting, convert
from tests.crash.installation import Installation
from tests.deep import size

pytestmark = [pytest.mark.both_databases, pytest.mark.enable_socket, pytest.mark.timeout(120)]

ROWS = [
    ("hand_off.after_claim", LeadState.QUEUED, 0),
    ("hand_off.after_response", LeadState.QUEUED, 1),
    ("hand_off.after_call", LeadState.QUEUED, 1),
    ("hand_off.before_commit", LeadState.QUEUED, 1),
    ("hand_off.after_commit", LeadState.HANDED_OVER, 1),
]


@pytest.mark.parametrize("turn", range(size(1, 5)))
@pytest.mark.parametrize(("point", "found", "there"), ROWS, ids=[row[0] for row in ROWS])
def test_killed_anywhere_it_is_acknowledged_and_one_lead_is_there(
    here: Installation, point: str, found: LeadState, there: int, turn: int
) -> None:
    here.outreach.mailbox()
    person = here.outreach.person()
    now = here.clock.now
    how = Converting(here.services.settings.keys.addresses, here.services.links, now, now)
    with here.services.database.transaction() as session:
        convert(session, person, how, by=OWNER)
    remote = here.services.settings.var / "remote"
    ended = here.work("hand_off", fault=f"{point}=kill")
    assert ended.status == -signal.SIGKILL, ended.err
    assert here.all("SELECT state FROM leads") == [found.value]
    assert len(list(remote.glob("*"))) == there
    here.live(0)
    if turn % 2:
        here.work("hand_off", fault=f"{point}=kill")
    here.live()
    assert here.all("SELECT state FROM leads") == [LeadState.HANDED_OVER.value]
    assert [path.name for path in remote.iterdir()] == here.all("SELECT public_id FROM leads")
    assert here.all("SELECT state FROM messages WHERE kind = 'signup'") == ["sent"]
    assert len(here.provider.taken) == 1
