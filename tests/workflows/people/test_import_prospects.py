"""What becomes of each row of an import."""

import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select, text

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.permission import evidence
from crm.permission.models import Evidence
from crm.permission.terms import Basis
from crm.privacy import register
from crm.privacy.models import Refusal, RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects import imports, uploads
from crm.prospects.import_models import Import, ImportRow, ImportState, RowOutcome
from crm.prospects.models import Company, Prospect, Source, SourceKind, SpellingKey, Status
from crm.prospects.reading.faults import FileFault
from crm.prospects.reading.vocabulary import DeclaredBasis
from crm.services import Services
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.import_prospects import import_prospects
from crm.workflows.people.receive_import import ChoicesError, forget_uploads
from tests.conftest import NOW, FakeClock
from tests.imports import brought, count, intake_of, received, sheet

ANN = "ann@schoenen.example;Ann Smit;Schoenen B.V.;NL;Inkoper"
BOB = "bob@fietsen.example;Bob Jansen;Fietsen B.V.;US;Buyer"
OLD_KEY = b"1" * 32
pytestmark = pytest.mark.both_databases


@pytest.fixture
def intake(services: Services) -> Intake:
    return intake_of(services)


def refuse(services: Services, address: str, *, scope: RefusalScope = RefusalScope.ADDRESS) -> None:
    """A no that stands in the register; nothing else is known of whoever said it."""
    ring = services.settings.keys.addresses
    if scope is RefusalScope.DOMAIN:
        keys = register.domain_keys_of(ring, address)
    else:
        keys = register.keys_of(ring, EmailAddress.parse(address))
    wish = Wish(scope=scope, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        register.record(session, keys, wish)


def person(database: Database, address: str = "ann@schoenen.example") -> Prospect:
    with database.reading() as session:
        return session.scalars(select(Prospect).where(Prospect.address == address)).one()


def reasons(database: Database) -> list[tuple[int, RowOutcome, str]]:
    with database.reading() as session:
        return [(row.line, row.outcome, row.reason) for row in session.scalars(select(ImportRow))]


def test_every_row_has_one_outcome_and_they_add_up(services: Services, intake: Intake) -> None:
    refuse(services, "no@elsewhere.example")
    ended = brought(
        intake,
        sheet(ANN, BOB, "ANN@Schoenen.example;;;;", "no@elsewhere.example;;;NL;", "not an address;;;;"),
        defaults={"basis": DeclaredBasis.CUSTOMER, "basis_wording": "order 12"},
    )
    assert ended.counts == {"added": 1, "not_allowed": 1, "duplicate": 1, "refused": 1, "broken": 1}
    assert sum(ended.counts.values()) == ended.total == ended.position


def test_a_row_becomes_a_prospect_at_a_company(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN))
    ann = person(services.database)
    with services.database.reading() as session:
        company = session.get_one(Company, ann.company_id)
    assert (ann.name, ann.role, ann.status, ann.owner_id) == ("Ann Smit", "Inkoper", Status.NEW, None)
    assert (ann.address_kind, ann.country, ann.created_at) == (AddressKind.NAMED, "NL", NOW)
    assert (company.name, company.domain, company.country) == ("Schoenen B.V.", "schoenen.example", "NL")
    assert (company.legal_form, company.time_zone) == (LegalForm.LEGAL_PERSON, "Europe/Amsterdam")
    assert (company.relevance, company.relevance_by) == ("sells shoes online", "Noor")


def test_a_prospect_has_a_source(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN))
    with services.database.reading() as session:
        source = session.scalars(select(Source)).one()
    assert (source.kind, source.words, source.obtained_on) == (
        SourceKind.FAIR,
        "Webwinkel Vakdagen",
        date(2026, 2, 27),
    )


def test_a_prospect_is_found_by_every_spelling(services: Services, intake: Intake) -> None:
    brought(intake, sheet("Ann+shop@schoenen.example;;Schoenen;NL;"))
    known = {digest for digest, _ in register.keys_of(
        services.settings.keys.addresses, EmailAddress.parse("ann@schoenen.example")
    )}  # fmt: skip
    with services.database.reading() as session:
        assert known & set(session.scalars(select(SpellingKey.digest)))


def test_a_basis_leaves_its_proof(services: Services, intake: Intake) -> None:
    headers = "Email;Company;Country;Source;Source url;Obtained on;Basis;Wording;Confirmed by"
    line = (
        "a@b.example;B;NL;website;https://b.example/contact;2026-02-20;published_address;Mail us offers;Noor"
    )
    ended = brought(intake, sheet(line, headers=headers))
    with services.database.reading() as session:
        proof = session.scalars(select(Evidence)).one()
    assert (proof.basis, proof.url) == (Basis.PUBLISHED_ADDRESS, "https://b.example/contact")
    assert (proof.wording, proof.confirmed_by, proof.given_at.date()) == (
        "Mail us offers",
        "Noor",
        date(2026, 2, 20),
    )
    assert ended.counts == {"added": 1}


def test_who_may_not_be_written_to_yet_is_kept_with_the_reason(services: Services, intake: Intake) -> None:
    ended = brought(intake, sheet(ANN))
    assert ended.counts == {"not_allowed": 1}
    [(line, outcome, reason)] = reasons(services.database)
    assert (line, outcome) == (2, RowOutcome.NOT_ALLOWED)
    assert reason
    assert person(services.database).name == "Ann Smit"


def test_the_same_file_again_changes_nothing(services: Services, intake: Intake) -> None:
    content = sheet(ANN, BOB)
    basis = {"basis": DeclaredBasis.CUSTOMER, "basis_wording": "order 12"}
    brought(intake, content, defaults=basis)
    ended = brought(intake, content, defaults=basis)
    assert ended.counts == {"unchanged": 2}
    assert [count(services.database, one) for one in (Prospect, Source, Evidence, Company)] == [2, 2, 2, 2]


def test_a_gap_is_filled(services: Services, intake: Intake) -> None:
    brought(intake, sheet("ann@schoenen.example;;Schoenen;;"))
    version = person(services.database).version
    ended = brought(intake, sheet(ANN))
    ann = person(services.database)
    assert ended.counts == {"updated": 1}
    assert (ann.name, ann.country, ann.version) == ("Ann Smit", "NL", version + 1)


def test_what_is_known_is_not_overwritten(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN))
    ended = brought(intake, sheet("ann@schoenen.example;Anna S.;Other;US;CEO"))
    ann = person(services.database)
    assert ended.counts == {"unchanged": 1}
    assert (ann.name, ann.role, ann.country) == ("Ann Smit", "Inkoper", "NL")


def test_names_are_replaced_when_the_colleague_says_so(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN))
    brought(intake, sheet("ann@schoenen.example;Anna Smit;Other;US;CEO"), replaces=True)
    ann = person(services.database)
    assert (ann.name, ann.role, ann.country) == ("Anna Smit", "CEO", "NL")


def test_the_rules_that_apply_to_a_company_do_not_change(services: Services, intake: Intake) -> None:
    headers = "Email;Company;Country;Legal form"
    brought(intake, sheet("ann@schoenen.example;Schoenen;NL;eenmanszaak", headers=headers))
    brought(intake, sheet("ann@schoenen.example;Schoenen;US;B.V.", headers=headers), replaces=True)
    with services.database.reading() as session:
        company = session.scalars(select(Company)).one()
    assert (company.country, company.legal_form) == ("NL", LegalForm.SOLE_TRADER)


@pytest.mark.parametrize(
    "spelling",
    ["MAX.MÜLLER@Bücher.example", "max.müller@xn--bcher-kva.example", "max.müller+x@bücher.example"],
)
def test_whoever_refused_is_kept_out_in_any_spelling(
    services: Services, intake: Intake, spelling: str
) -> None:
    refuse(services, "max.müller@bücher.example")
    ended = brought(intake, sheet(f"{spelling};Max;Bücher;DE;"))
    assert ended.counts == {"refused": 1}
    assert [count(services.database, one) for one in (Prospect, Company, SpellingKey)] == [0, 0, 0]


def test_a_company_that_refused_is_kept_out(services: Services, intake: Intake) -> None:
    refuse(services, "schoenen.example", scope=RefusalScope.DOMAIN)
    assert brought(intake, sheet(ANN)).counts == {"refused": 1}


def test_a_refusal_is_as_it_was_after_an_import(services: Services, intake: Intake) -> None:
    refuse(services, "ann@schoenen.example")
    brought(intake, sheet(ANN, ANN))
    with services.database.reading() as session:
        kept = session.scalars(select(Refusal)).one()
    assert (kept.reason, kept.lifted_at) == (RefusalReason.OBJECTION, None)


def test_only_asking_for_no_measuring_keeps_nobody_out(services: Services, intake: Intake) -> None:
    refuse(services, "ann@schoenen.example", scope=RefusalScope.MEASURING)
    assert brought(intake, sheet(ANN)).counts == {"not_allowed": 1}


def test_an_opt_out_in_the_file_is_a_refusal_here(services: Services, intake: Intake) -> None:
    ended = brought(
        intake,
        sheet("ann@schoenen.example;Schoenen;NL;yes", headers="Email;Company;Country;Unsubscribed"),
    )
    with services.database.reading() as session:
        kept = session.scalars(select(Refusal)).one()
    assert ended.counts == {"refused": 1}
    assert (kept.scope, kept.channel) == (RefusalScope.ADDRESS, "import")
    assert [line.reference for line in services.journal.lines()] == [kept.public_id]
    assert count(services.database, Prospect) == 0


def test_an_opt_out_counts_for_the_rows_after_it(services: Services, intake: Intake) -> None:
    headers = "Email;Company;Country;Unsubscribed"
    lines = "ann@schoenen.example;S;NL;yes", "ann@schoenen.example;S;NL;no"
    assert brought(intake, sheet(*lines, headers=headers)).counts == {"refused": 2}


def test_an_opt_out_needs_neither_a_source_nor_a_country_that_exists(
    services: Services, intake: Intake
) -> None:
    lines = "ann@schoenen.example;Narnia;yes", "bob@fietsen.example;;yes"
    ended = brought(
        intake,
        sheet(*lines, headers="Email;Country;Unsubscribed"),
        defaults={"source_words": ""},
    )
    assert ended.counts == {"refused": 2}
    assert count(services.database, Refusal) == 2
    assert count(services.database, Prospect) == 0


def test_restricted_data_is_left_as_it_is(services: Services, intake: Intake) -> None:
    brought(intake, sheet("ann@schoenen.example;;Schoenen;NL;"))
    with services.database.transaction() as session:
        session.scalars(select(Prospect)).one().restricted_at = NOW
    ended = brought(intake, sheet(ANN), replaces=True)
    ann = person(services.database)
    assert ended.counts == {"unchanged": 1}
    assert (ann.name, ann.restricted_at) == ("", NOW)


def test_status_and_owner_are_left_as_they_are(services: Services, intake: Intake) -> None:
    brought(intake, sheet("ann@schoenen.example;;Schoenen;NL;"))
    with services.database.transaction() as session:
        session.scalars(select(Prospect)).one().status = Status.LOST
    brought(intake, sheet(ANN))
    assert person(services.database).status is Status.LOST


def test_a_consent_taken_back_does_not_return(services: Services, intake: Intake) -> None:
    consent = {"basis": DeclaredBasis.CONSENT, "basis_wording": "yes please"}
    brought(intake, sheet(ANN), defaults=consent)
    with services.database.transaction() as session:
        evidence.withdraw(session, person(services.database).id, at=NOW)
    ended = brought(intake, sheet(ANN), defaults={**consent, "basis_wording": "yes, again"})
    assert ended.counts == {"unchanged": 1}
    with services.database.reading() as session:
        assert session.scalars(select(Evidence.withdrawn_at)).all() == [NOW]


def test_a_duplicate_names_the_line_it_repeats(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN, "Ann Smit <ANN@SCHOENEN.EXAMPLE>;;;;"))
    assert reasons(services.database)[-1] == (
        3,
        RowOutcome.DUPLICATE,
        "The same mailbox stands in line 2.",
    )


def test_two_people_at_one_domain_are_at_one_company(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN, "cor@mail.schoenen.example;Cor;Schoenen Holding;NL;"))
    assert count(services.database, Company) == 1


def test_a_freemail_address_makes_no_company_of_its_domain(services: Services, intake: Intake) -> None:
    brought(
        intake,
        sheet("a@gmail.com;A;Bakker A;NL;", "b@gmail.com;B;Bakker B;NL;", "c@gmail.com;C;Bakker A;NL;"),
    )
    with services.database.reading() as session:
        found = session.execute(select(Company.name, Company.domain).order_by(Company.id)).all()
    assert [tuple(one) for one in found] == [("Bakker A", None), ("Bakker B", None)]


def test_a_page_on_a_marketplace_makes_no_company_of_it(services: Services, intake: Intake) -> None:
    headers = "Email;Company;Website;Country"
    brought(
        intake,
        sheet(
            "a@een.example;Een;https://www.etsy.com/shop/een;NL",
            "b@gmail.com;Twee;instagram.com/twee;NL",
            headers=headers,
        ),
    )
    with services.database.reading() as session:
        domains = session.scalars(select(Company.domain).order_by(Company.id)).all()
    assert domains == ["een.example", None]


def test_broken_rows_come_back_as_a_file_that_can_be_mended(services: Services, intake: Intake) -> None:
    row = received(intake, sheet("=cmd|' /C calc'!A0;Ann;;NL;", ANN))
    import_prospects(intake, row.id)
    path = uploads.broken_path(intake.uploads, row.stored_as)
    content = path.read_text("utf-8-sig")
    assert "'=cmd" in content
    mended = content.replace("'=cmd|' /C calc'!A0", "cor@fietsen.example").encode()
    assert brought(intake, mended).counts == {"not_allowed": 1}
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_upload_is_gone_when_the_import_is_done(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN))
    assert list(Path(intake.uploads).iterdir()) == []


def test_purchased_lists_are_refused(services: Services, intake: Intake) -> None:
    ended = brought(intake, sheet("a@b.example;B;NL;purchased list", headers="Email;Company;Country;Source"))
    assert ended.counts == {"broken": 1}
    assert "purchased" in reasons(services.database)[0][2].lower()


def test_a_row_without_a_source_is_broken(services: Services, intake: Intake) -> None:
    headers = "Email;Company;Source;Obtained on"
    ended = brought(
        intake,
        sheet("a@b.example;B;website;2026-02-01", "c@d.example;D;;", headers=headers),
        defaults={"source_kind": None, "source_words": "", "obtained_on": None},
    )
    assert ended.counts == {"broken": 2}


def test_nothing_starts_without_a_source(intake: Intake) -> None:
    with pytest.raises(ChoicesError, match="where these addresses come from"):
        brought(intake, sheet(ANN), defaults={"source_kind": None})


def test_legitimate_interest_needs_an_assessment(intake: Intake) -> None:
    with pytest.raises(ChoicesError, match="assessment"):
        brought(intake, sheet(ANN), defaults={"basis": DeclaredBasis.LEGITIMATE_INTEREST})


def test_what_was_imported_can_be_searched(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN, BOB))
    sqlite = "SELECT count(*) FROM prospects_search WHERE prospects_search MATCH :word"
    postgresql = "SELECT count(*) FROM prospects_search WHERE text LIKE '%' || :word || '%'"
    with services.database.reading() as session:
        query = text(sqlite if services.database.is_sqlite else postgresql)
        found = [session.execute(query, {"word": word}).scalar() for word in ("choenen", "chuh")]
    assert found == [1, 0]


def test_an_import_somebody_has_is_left_to_them(services: Services, intake: Intake) -> None:
    row = received(intake, sheet(ANN))
    with services.database.transaction() as session:
        assert imports.claim(session, row.id, claim_id="a", real_now=NOW)
    with services.database.transaction() as session:
        assert imports.claim(session, row.id, claim_id="b", real_now=NOW + timedelta(seconds=59)) is None


def test_an_import_of_a_dead_worker_is_taken_up(services: Services, intake: Intake) -> None:
    row = received(intake, sheet(ANN))
    with services.database.transaction() as session:
        imports.claim(session, row.id, claim_id="a", real_now=NOW)
        assert imports.claim(session, row.id, claim_id="b", real_now=NOW + timedelta(seconds=61))


def test_an_import_says_how_it_ended(services: Services, intake: Intake) -> None:
    brought(intake, sheet(ANN))
    with services.database.reading() as session:
        row = session.scalars(select(Import)).one()
    assert (row.state, row.finished_at, row.claim_id) == (ImportState.DONE, NOW, None)


def test_a_refusal_that_was_lifted_keeps_nobody_out(services: Services, intake: Intake) -> None:
    refuse(services, "ann@schoenen.example")
    with services.database.transaction() as session:
        session.scalars(select(Refusal)).one().lifted_at = NOW
    assert brought(intake, sheet(ANN)).counts == {"not_allowed": 1}


def with_a_newer_key(intake: Intake) -> Intake:
    return replace(intake, ring=AddressKeys({1: OLD_KEY, 2: b"2" * 32}))


def with_an_old_key(intake: Intake) -> Intake:
    return replace(intake, ring=AddressKeys({1: OLD_KEY}))


def test_a_new_address_key_makes_nobody_a_stranger(services: Services, intake: Intake) -> None:
    brought(with_an_old_key(intake), sheet(ANN))
    assert brought(with_a_newer_key(intake), sheet(ANN)).counts == {"unchanged": 1}


def test_a_new_address_key_forgets_no_refusal(services: Services, intake: Intake) -> None:
    keys = register.keys_of(AddressKeys({1: OLD_KEY}), EmailAddress.parse("ann@schoenen.example"))
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        register.record(session, keys, wish)
    assert brought(with_a_newer_key(intake), sheet(ANN)).counts == {"refused": 1}


def test_a_file_that_breaks_off_is_told_before_the_first_row(services: Services, intake: Intake) -> None:
    with pytest.raises(FileFault) as told:
        brought(intake, sheet(ANN) + b'bob@fietsen.example;"Bob;Fietsen;NL;\r\n')
    assert told.value.line == 3
    assert count(services.database, Prospect) == 0


def test_a_bad_file_is_not_kept(services: Services, intake: Intake) -> None:
    with pytest.raises(FileFault):
        brought(intake, b"%PDF-1.7")
    assert list(intake.uploads.iterdir()) == []


def test_a_workbook_is_imported_like_a_text_file(services: Services, intake: Intake) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Email", "Company", "Country"])
    page.append(["ann@schoenen.example", "Schoenen B.V.", "NL"])
    content = io.BytesIO()
    book.save(content)
    assert brought(intake, content.getvalue()).counts == {"not_allowed": 1}


def test_what_nobody_fetches_is_forgotten_after_two_weeks(
    services: Services, intake: Intake, clock: FakeClock
) -> None:
    brought(intake, sheet("not an address;;;;"))
    assert forget_uploads(intake) == 0
    clock.advance(timedelta(days=15))
    assert forget_uploads(intake) == 1
    assert list(intake.uploads.iterdir()) == []


def test_an_upload_of_a_running_import_is_not_forgotten(
    services: Services, intake: Intake, clock: FakeClock
) -> None:
    received(intake, sheet(ANN))
    clock.advance(timedelta(days=15))
    assert forget_uploads(intake) == 0
    [kept] = intake.uploads.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_only_the_row_that_says_something_new_updates(services: Services, intake: Intake) -> None:
    headers = "Email;Company;Country"
    people = [f"{name}@schoenen.example;Schoenen;" for name in ("ann", "bob", "cor")]
    brought(intake, sheet(*people, headers=headers))
    ended = brought(intake, sheet(*(f"{line}NL" for line in people), headers=headers))
    assert ended.counts == {"updated": 1, "unchanged": 2}
    with services.database.reading() as session:
        assert set(session.scalars(select(Prospect.country))) == {"NL"}


def test_a_company_known_by_name_learns_its_country(services: Services, intake: Intake) -> None:
    brought(intake, sheet("a@gmail.com;A;Bakker;;"))
    brought(intake, sheet("a@gmail.com;A;Bakker;NL;", "b@gmail.com;B;Bakker;NL;"))
    with services.database.reading() as session:
        found = session.execute(select(Company.name, Company.country)).all()
    assert [tuple(one) for one in found] == [("Bakker", "NL")]


def test_companies_of_one_name_in_two_countries_are_two(services: Services, intake: Intake) -> None:
    brought(intake, sheet("a@gmail.com;A;Bakker;NL;", "b@gmail.com;B;Bakker;BE;"))
    assert count(services.database, Company) == 2
