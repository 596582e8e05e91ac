"""Pairs about people and leads: two imports, an erasure and an import, two who hand the same lead over."""

from collections import Counter
from contextlib import suppress
from typing import Final

from sqlalchemy import text

from crm.audit import chain
from crm.kernel.addresses import EmailAddress
from crm.kernel.db import Database
from crm.privacy import register
from crm.prospects.reading.faults import FileFault
from crm.services import Services
from crm.workflows.leads.convert import Converting, convert
from crm.workflows.leads.hand_off import Counter as Desk
from crm.workflows.leads.hand_off import hand_off
from crm.workflows.people.import_prospects import import_prospects, run_imports
from crm.workflows.refusals.erase import Shelves, erase, finish_erasures
from crm.workflows.refusals.refuse import Mailbox
from tests.imports import received, sheet
from tests.outreach import Outreach
from tests.races import plants_of_data
from tests.races.actor import Act, Hand
from tests.races.pairs import Pair, Planted, Verdict, died, judged
from tests.races.sending import ANNA, waiting

OURS: Final = sheet("p1@shop1.example;P One;Shop 1;NL;Buyer", "info@shop2.example;;Shop 2;NL;")
THEIRS: Final = sheet(
    "P1@Shop1.example;P One;Shop 1;NL;Buyer",
    "p2@shop1.example;P Two;Shop 1;NL;Buyer",
    "info@shop2.example;;Shop 2;NL;",
)
CORA: Final = "cora@shop3.example"
"""Nobody we know, until a file brings her."""

WITH_THEM: Final = sheet(
    "Anna@Winkel.example;Anna;Winkel;NL;Inkoper",
    "bert@shop2.example;Bert;Shop 2;NL;",
    "cora@shop3.example;Cora;Shop 3;NL;",
)


def brought(content: bytes) -> Act:
    """A colleague brings a file, and it is taken in."""

    def bring(hand: Hand) -> None:
        intake = hand.services.intake
        with suppress(FileFault):  # an erasure took it away: it names somebody who is to be forgotten
            import_prospects(intake, received(intake, content).id)

    return bring


def taken_up(hand: Hand) -> None:
    """The scheduler's job: what was started, and what a dead worker left behind."""
    run_imports(hand.services.intake)


def people_and_firms(database: Database) -> object:
    """Whoever came first: the same people at the same companies, each known from one place."""
    queries = (
        "SELECT lower(address), name FROM prospects ORDER BY 1",
        "SELECT domain, country FROM companies ORDER BY 1, 2",
        "SELECT count(*) FROM sources",
        "SELECT count(DISTINCT prospect_id) FROM spelling_keys",
        "SELECT state, count(*) FROM imports GROUP BY state ORDER BY state",
        "SELECT outcome, count(*) FROM import_rows GROUP BY outcome ORDER BY outcome",
    )
    with database.reading() as session:
        return [[tuple(row) for row in session.execute(text(query))] for query in queries]


IMPORT_IMPORT = Pair(
    make=lambda outreach: outreach.mailbox(),
    acts=(brought(OURS), brought(THEIRS), taken_up),
    casts=((0, 1), (0, 0), (0, 1, 1), (0, 2)),
    judge=judged(died),
    last=2,
    look=people_and_firms,
    planted={
        "a row that is there is no reason to read again": Planted(plants_of_data.NOT_AGAIN, "died"),
    },
)


def forgotten(who: str) -> Act:
    """Somebody asks to be forgotten."""

    def forget(hand: Hand) -> bool:
        services = hand.services
        keys = register.keys_of(services.settings.keys.addresses, EmailAddress.parse(who))
        shelves = Shelves(services.settings.var, None)
        desk, at = services.refusal_desk(patience=0), services.clocks.calendar()
        return erase(desk, shelves, Mailbox(keys), channel="page", at=at).is_done

    return forget


def finished(hand: Hand) -> None:
    """The scheduler's job: what is still to be forgotten."""
    services = hand.services
    shelves = Shelves(services.settings.var, None)
    finish_erasures(services.refusal_desk(patience=0), shelves, at=services.clocks.calendar())


def gone_for_good(verdict: Verdict) -> list[str]:
    """Nothing of an erased person is there, and what it was asked for is done (I14, I29)."""
    asked = {who for act, who in ((0, "anna"), (3, "cora")) if act in verdict.cast}
    kept = {
        str(address).partition("@")[0].lower() for (address,) in verdict.rows("SELECT address FROM prospects")
    }
    written = {str(to).partition("@")[0].lower() for (to,) in verdict.rows("SELECT recipient FROM messages")}
    wrong = {
        "back": asked & kept,
        "letters": asked & written,
        "unfinished": verdict.rows("SELECT 1 FROM erasures WHERE finished_at IS NULL"),
        "others": verdict.rows("SELECT 1 FROM imports WHERE state = 'done'") and "bert" not in kept,
    }
    return [name for name, is_so in wrong.items() if is_so]


ERASE_IMPORT = Pair(
    make=lambda outreach: waiting(outreach, others=1),
    acts=(forgotten(ANNA), brought(WITH_THEM), finished, forgotten(CORA)),
    casts=((3, 1), (0, 1), (1, 3), (0, 1, 2, 3), (3, 1, 1)),
    judge=judged(died, gone_for_good),
    last=2,
    aside=plants_of_data.NO_SWEEP,
    planted={
        "an import does not ask the register": Planted(plants_of_data.REGISTER_UNREAD, "back"),
        "an import asks the register before its turn": Planted(plants_of_data.SORTED_EARLY, "back"),
        "an erasure does not wait for a batch that is being written": Planted(
            plants_of_data.NO_WAIT, "back", on=("postgresql",)
        ),
    },
)


def ready_to_convert(outreach: Outreach) -> None:
    """Two who say yes: of the first it is noted, of the second it will be."""
    services = outreach.services
    outreach.mailbox()
    first, _second = outreach.person(), outreach.person(ANNA)
    with services.database.transaction() as session:
        convert(session, first, _converting(services), by=chain.OWNER)


def _converting(services: Services) -> Converting:
    now = services.clocks.calendar()
    return Converting(services.settings.keys.addresses, services.links, now, services.clocks.real())


def said_yes(hand: Hand) -> None:
    """A colleague notes that Anna said yes."""
    with hand.services.database.transaction() as session:
        query = text("SELECT id FROM prospects WHERE address = :who")
        anna = session.execute(query, {"who": ANNA}).scalar_one()
        convert(session, anna, _converting(hand.services), by=chain.OWNER)


def handed_over(hand: Hand) -> int:
    """The scheduler's job."""
    services = hand.services
    return hand_off(Desk(services.database, services.clocks, hand, services.desk))


def one_lead_there(verdict: Verdict) -> list[str]:
    """One lead each at the other side, told the same each time, acknowledged and mailed once (I25)."""
    notes = [*verdict.course.notes, *verdict.after.notes]
    leads = verdict.rows("SELECT public_id, prospect_id, state FROM leads")
    asked = Counter(note.what for note in notes)
    wrong = {
        "two_leads": len({(note.what, note.more) for note in notes}) != len(leads),
        "lead_twice": len({who for _, who, _ in leads}) != len(leads),
        "lost": any(state != "handed_over" for _, _, state in leads),
        "asked_twice": any(count > 1 for count in asked.values()) and not verdict.course.slept,
        "told_twice": len(verdict.rows("SELECT 1 FROM messages WHERE kind = 'signup'")) != len(leads),
        "noted_twice": len(verdict.rows("SELECT 1 FROM audit_entries WHERE action = 'lead.handed_over'"))
        != len(leads),
    }
    return [name for name, is_so in wrong.items() if is_so]


HAND_OFF = Pair(
    make=ready_to_convert,
    acts=(handed_over, said_yes),
    casts=((0, 0), (1, 1), (0, 0, 1, 1)),
    judge=judged(died, one_lead_there),
    sleeps=0.4,
    planted={
        "each try has a key of its own": Planted(plants_of_data.KEY_A_TRY, "two_leads"),
        "an answer counts whoever has the lead by now": Planted(plants_of_data.ANY_ANSWER, "noted_twice"),
        "a lead in somebody's hands is taken": Planted(plants_of_data.LEAD_TAKEN, "asked_twice"),
    },
)
