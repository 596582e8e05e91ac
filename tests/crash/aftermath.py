"""What is there after a fault, and what happens by itself or because somebody asks again."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from crm.audit import chain
from tests.crash.operations import Operation, Trial
from tests.fakes import MemoryImageService


def aftermath(trial: Trial) -> dict[str, object]:
    """What anybody could see, without the names that are random."""
    queries = {
        "messages": "SELECT recipient, kind, state FROM messages ORDER BY recipient, kind",
        "enrolments": "SELECT prospect_id, state, position FROM enrolments ORDER BY prospect_id",
        "people": "SELECT address, status, address_state FROM prospects ORDER BY address",
        "noes": "SELECT scope, reason FROM refusals ORDER BY scope, reason",
        "leads": "SELECT state, attempt < 9 FROM leads",
        "reports": "SELECT kind FROM lead_reports",
        "tasks": "SELECT kind, done_at IS NULL FROM tasks ORDER BY kind",
        "imports": "SELECT state, position FROM imports",
        "erasures": "SELECT DISTINCT finished_at IS NULL FROM erasures",
        "mails": "SELECT state, kind FROM inbound_mails",
        "switches": "SELECT name, is_on FROM switches ORDER BY name",
    }
    with trial.services.database.reading() as session:
        found: dict[str, object] = {
            name: [tuple(row) for row in session.execute(text(query))] for name, query in queries.items()
        }
        assert chain.verify(session) is None
    # A line too many errs on the side of silence; none may be missing.
    found["journal"] = sorted({(line.scope, line.reason) for line in trial.services.journal.lines()})
    left = Counter(one.public_id for one in trial.mailer.sent)
    found["left"] = sorted(one.recipient for one in trial.mailer.sent)
    assert all(count == 1 for count in left.values()), "a mail left twice"
    remote = trial.services.image_service
    assert isinstance(remote, MemoryImageService)
    found["remote leads"] = len(remote.leads)
    return found


def again(trial: Trial, operation: Operation) -> None:
    """What happens after a fault: leases end, the scheduler runs, and whoever got no answer asks again."""
    trial.clock.advance(timedelta(seconds=70))
    with trial.services.database.transaction() as session:
        # A person resumes an import that stopped for a fault of the disk.
        session.execute(
            text("UPDATE imports SET state = 'running', claim_id = NULL, fault = '' WHERE state = 'stopped'")
        )
    operation.do(trial)
    for name in (
        "dispatch",
        "plan",
        "hand_off",
        "read_inbox",
        "understand_mail",
        "apply_events",
        "run_imports",
        "finish_erasures",
    ):
        trial.job(name)
