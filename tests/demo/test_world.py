"""The world is believable, lawful where it says so, made of nothing real, and the same for the same seed."""

import re
from collections import Counter
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import dns.message
import dns.rcode
import pytest
from sqlalchemy import func, select

from crm.conversations.models import Note, Task
from crm.handoff.models import Lead
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.findings import Decision, Verdict
from crm.permission.models import Evidence
from crm.prospects.import_models import Import, RowOutcome
from crm.prospects.models import Company, Prospect, Source
from crm.queries.gate.facts import facts_for
from crm.sequences.models import Enrolment, Sequence, Step, StepKind
from crm.staff.models import Role, Staff
from scripts.demo.cast import HERE, Ground, cast, shops
from scripts.demo.enrolments import A_SHOP, beginnings
from scripts.demo.names import answer
from scripts.demo.sheets import LATER, keep_fresh, later_sheet, sheets
from scripts.demo.visits import place_of
from tests.demo.conftest import FIRST_MORNING, SEED, Made

COUNTRIES = {"NL", "DE", "FR", "BE", "GB", "US"}


def count(made: Made, model: type) -> int:
    with made.services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_there_are_240_prospects_at_80_webshops_in_six_countries(made: Made) -> None:
    with made.services.database.reading() as session:
        countries = set(session.scalars(select(Company.country)))
    assert made.world.prospects == count(made, Prospect) >= 240
    assert count(made, Company) >= 80
    assert countries == COUNTRIES


def test_the_same_seed_makes_the_same_people_and_the_same_files(made: Made) -> None:
    cast.cache_clear()
    before = cast(SEED), sheets(SEED, FIRST_MORNING.date()), beginnings(SEED)
    cast.cache_clear()
    assert (cast(SEED), sheets(SEED, FIRST_MORNING.date()), beginnings(SEED)) == before


def test_another_seed_makes_other_people() -> None:
    assert {one.address for one in cast(1)} != {one.address for one in cast(2)}


def test_what_was_imported_is_the_cast_but_for_whoever_opted_out(made: Made) -> None:
    with made.services.database.reading() as session:
        kept = set(session.scalars(select(Prospect.address)))
    wanted = {
        str(EmailAddress.parse(one.address)) for one in cast(SEED) if one.ground is not Ground.OPTED_OUT
    }
    assert kept == wanted


def test_every_prospect_has_a_source(made: Made) -> None:
    with made.services.database.reading() as session:
        without = session.scalars(select(Prospect.id).where(~Prospect.id.in_(select(Source.prospect_id))))
        assert not without.all()


def test_almost_every_prospect_has_evidence(made: Made) -> None:
    with made.services.database.reading() as session:
        proven = len(set(session.scalars(select(Evidence.prospect_id))))
    assert proven == made.world.prospects - 1  # one has none on purpose


def verdicts(made: Made) -> dict[str, Decision]:
    with made.services.database.reading() as session:
        ids = dict(session.execute(select(Prospect.address, Prospect.id)).all())
        facts = facts_for(session, list(ids.values()), MailKind.MANUAL, made.now, made.services.settings)
    return {address: decide(facts[id_], made.now) for address, id_ in ids.items()}


def test_the_gate_allows_whom_the_cast_says_and_nobody_else(made: Made) -> None:
    found = verdicts(made)
    refused = "rugzakwinkel.example"  # said no on the phone
    wrong = [
        one.address
        for one in cast(SEED)
        if one.ground is not Ground.OPTED_OUT
        and not (one.shop.domain == refused and one.slot == 2)
        and (found[str(EmailAddress.parse(one.address))].verdict is Verdict.ALLOW) != one.may_be_written_to
    ]
    assert wrong == []


def test_those_it_does_not_allow_are_few_and_have_different_reasons(made: Made) -> None:
    against = [one for one in verdicts(made).values() if one.verdict is Verdict.DENY]
    reasons = {finding.reason for one in against for finding in one.against}
    assert 10 <= len(against) <= made.world.prospects * 0.2
    assert len(reasons) >= 8


def test_about_150_people_are_in_a_sequence_and_the_first_week_is_lively(made: Made) -> None:
    with made.services.database.reading() as session:
        due = list(session.scalars(select(Enrolment.next_due_at)))
    first_week = [at for at in due if at is not None and at < FIRST_MORNING + timedelta(days=5)]
    assert made.world.enrolled == len(due) == len(beginnings(SEED))
    assert 130 <= len(due) <= 170
    assert len(first_week) >= 90


def test_nobody_wanted_in_a_sequence_is_kept_out_by_the_gate(made: Made) -> None:
    per_shop = Counter(one.person.shop.domain for one in beginnings(SEED))
    assert made.world.enrolled == sum(per_shop.values())
    assert max(per_shop.values()) == A_SHOP


def test_there_are_three_sequences_in_three_languages_with_three_steps_each(made: Made) -> None:
    with made.services.database.reading() as session:
        languages = set(session.scalars(select(Sequence.language)))
        kinds = Counter(session.scalars(select(Step.kind)))
    assert languages == {"nl", "en", "de"}
    assert kinds == {StepKind.EMAIL: 8, StepKind.TASK: 1}


def test_four_colleagues_have_names_and_roles_and_their_work_is_written_down(made: Made) -> None:
    with made.services.database.reading() as session:
        roles = Counter(session.scalars(select(Staff.role)))
    assert roles == {Role.ADMIN: 1, Role.MANAGER: 1, Role.SALES: 2}
    assert count(made, Note) >= 20
    assert count(made, Task) >= 8


def test_somebody_has_said_yes_already(made: Made) -> None:
    assert count(made, Lead) == 3


def test_the_imports_show_what_real_ones_show(made: Made) -> None:
    with made.services.database.reading() as session:
        seen = {outcome for counts in session.scalars(select(Import.counts)) for outcome in counts}
    assert seen >= {
        RowOutcome.ADDED, RowOutcome.NOT_ALLOWED, RowOutcome.DUPLICATE, RowOutcome.BROKEN, RowOutcome.REFUSED
    }  # fmt: skip


def test_the_files_lie_where_a_visitor_can_open_them(made: Made) -> None:
    assert {path.name for path in (made.var / "files").iterdir()} == {
        LATER,
        *(sheet.file for sheet in sheets(SEED, FIRST_MORNING.date())),
    }


def test_the_file_to_try_is_never_too_old_and_stays_as_a_visitor_left_it(tmp_path: Path) -> None:
    day, later = date(2026, 3, 2), date(2026, 5, 4)
    file = tmp_path / LATER
    keep_fresh(file, later)
    assert not file.exists()
    file.write_bytes(later_sheet(day))
    keep_fresh(file, later)
    assert file.read_bytes() == later_sheet(later) != later_sheet(day)
    file.write_bytes(theirs := later_sheet(day) + b"mine,too\r\n")
    keep_fresh(file, later)
    assert file.read_bytes() == theirs


RESERVED = re.compile(r"(^|\.)(example|test|invalid|localhost)$")
DOMAINS = re.compile(r"(?:https?://|@)([\w.-]+\.[a-z]{2,})")


def test_every_shop_has_a_reserved_domain() -> None:
    assert [one.domain for one in shops() if not RESERVED.search(one.domain)] == []


@pytest.mark.parametrize("path", sorted(HERE.iterdir()), ids=lambda path: path.name)
def test_nothing_in_the_demo_names_a_real_domain(path: object) -> None:
    text = path.read_text("utf-8") if path.is_file() else ""  # type: ignore[attr-defined]
    assert [found for found in DOMAINS.findall(text) if not RESERVED.search(found)] == []


def test_no_spreadsheet_names_a_real_domain() -> None:
    day = FIRST_MORNING.date()
    for content in [*(sheet.content for sheet in sheets(SEED, day)), later_sheet(day)]:
        found = DOMAINS.findall(content.decode("utf-8", "replace"))
        assert found
        assert all(RESERVED.search(one) for one in found)


DOCUMENTATION = [
    ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def test_everybody_sits_at_an_address_for_documentation() -> None:
    places = [ip_address(place_of(SEED, one.address)) for one in cast(SEED)]
    assert all(any(place in network for network in DOCUMENTATION) for place in places)
    assert {place.version for place in places} == {4, 6}


def test_the_name_server_speaks_for_invented_domains_only() -> None:
    def asked(name: str) -> dns.message.Message:
        return dns.message.from_wire(answer(dns.message.make_query(name, "MX").to_wire()))

    assert "mx.voetenwerk.example" in asked("voetenwerk.example").answer[0].to_text()
    assert asked("voetenwerk.test").rcode() is dns.rcode.REFUSED
    assert asked("kapotadres.example").rcode() is dns.rcode.NXDOMAIN
