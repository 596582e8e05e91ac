"""The request's session for looking."""

import pytest

from crm.operations import heartbeat
from crm.operations.models import Heartbeat
from crm.services import Services
from crm.web.app import create_app
from crm.web.database import reading
from tests.conftest import NOW


@pytest.mark.both_databases
def test_what_a_request_wrote_is_seen_by_what_it_reads_afterwards(services: Services) -> None:
    with services.database.transaction() as session:
        heartbeat.beat(session, "before", at=NOW)
    with create_app(services).app_context():
        before = reading().get_one(Heartbeat, "before")
        assert heartbeat.last_beat(reading(), "fresh") is None
        with services.database.transaction() as session:
            heartbeat.beat(session, "fresh", at=NOW)
        assert heartbeat.last_beat(reading(), "fresh") == NOW
        assert before.beat_at == NOW, "what was read before is still there to be shown"
