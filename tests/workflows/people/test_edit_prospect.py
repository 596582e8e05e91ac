"""Putting right what we know, alone and at the same time as somebody else."""

import threading

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.domains.models import DomainCheck
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind, LegalForm
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.editing import (
    AddressTakenError,
    CompanyChanges,
    EditConflictError,
    Edited,
    ProspectChanges,
    RestrictedError,
)
from crm.prospects.models import Company, Prospect, SpellingKey
from crm.prospects.spelling import names_of
from crm.services import Services
from crm.workflows.people.edit_prospect import edit_company, edit_prospect
from tests.conftest import NOW
from tests.imports import brought, intake_of, sheet

pytestmark = pytest.mark.both_databases
ANN, BOB = "ann@schoenen.example", "bob@schoenen.example"


@pytest.fixture
def ann(services: Services) -> Prospect:
    brought(intake_of(services), sheet(f"{ANN};Ann;Schoenen;NL;Buyer", f"{BOB};Bob;Schoenen;NL;"))
    return person(services, ANN)


def person(services: Services, address: str) -> Prospect:
    with services.database.reading() as session:
        return session.scalars(select(Prospect).where(Prospect.address == address)).one()


def edit(services: Services, prospect: Prospect, changes: ProspectChanges) -> Edited:
    with services.database.transaction() as session:
        return edit_prospect(
            session, prospect.id, changes, version=prospect.version,
            ring=services.settings.keys.addresses, journal=services.journal, by=1, now=NOW,
        )  # fmt: skip


def test_an_edit_is_written(services: Services, ann: Prospect) -> None:
    edited = edit(services, ann, ProspectChanges(name="Anna Smit", role="Buyer"))
    assert (edited.changed, edited.version) == (("name",), ann.version + 1)
    assert person(services, ANN).name == "Anna Smit"


def test_an_edit_is_on_record_without_its_values(services: Services, ann: Prospect) -> None:
    edit(services, ann, ProspectChanges(name="Anna Smit"))
    with services.database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.object, entry.detail) == (
        "edit",
        f"prospect:{ann.id}",
        {"fields": ["name"]},
    )


def test_the_second_of_two_who_save_is_told_both_values(services: Services, ann: Prospect) -> None:
    edit(services, ann, ProspectChanges(name="Anna"))
    with pytest.raises(EditConflictError) as told:
        edit(services, ann, ProspectChanges(name="Annie", role="Buyer"))
    assert told.value.version == ann.version + 1
    assert {name: (both.mine, both.theirs) for name, both in told.value.both.items()} == {
        "name": ("Annie", "Anna")
    }
    assert person(services, ANN).name == "Anna"


def test_two_who_save_the_same_do_not_disagree(services: Services, ann: Prospect) -> None:
    edit(services, ann, ProspectChanges(name="Anna"))
    assert edit(services, ann, ProspectChanges(name="Anna")).changed == ()


def test_of_two_who_save_at_the_very_same_time_one_is_told(services: Services, ann: Prospect) -> None:
    ended: list[str] = []
    together = threading.Barrier(2)

    def save(name: str) -> None:
        together.wait()
        try:
            edit(services, ann, ProspectChanges(name=name))
            ended.append("saved")
        except EditConflictError:
            ended.append("told")

    threads = [threading.Thread(target=save, args=(name,)) for name in ("Anna", "Annie")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["saved", "told"]


def test_restricted_data_is_not_edited(services: Services, ann: Prospect) -> None:
    with services.database.transaction() as session:
        session.get_one(Prospect, ann.id).restricted_at = NOW
    with pytest.raises(RestrictedError):
        edit(services, ann, ProspectChanges(name="Anna"))


def test_a_new_address_is_found_by_its_spellings(services: Services, ann: Prospect) -> None:
    edit(services, ann, ProspectChanges(address=EmailAddress.parse("info@laarzen.example")))
    names = names_of(services.settings.keys.addresses, EmailAddress.parse("info@laarzen.example"))
    moved = person(services, "info@laarzen.example")
    with services.database.reading() as session:
        keys = session.scalars(select(SpellingKey.digest).where(SpellingKey.prospect_id == ann.id)).all()
    assert (moved.address_digest, moved.address_kind) == (names.identity, AddressKind.GENERIC)
    assert keys == [digest for digest, _ in names.keys]


def test_an_objection_follows_its_person_to_a_new_address(services: Services, ann: Prospect) -> None:
    ring = services.settings.keys.addresses
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        register.record(session, register.keys_of(ring, EmailAddress.parse(ANN)), wish)
    edit(services, ann, ProspectChanges(address=EmailAddress.parse("ann@laarzen.example")))
    with services.database.reading() as session:
        found = register.standing(session, ring.digests(EmailAddress.parse("ann@laarzen.example")))
    assert [(one.scope, one.reason) for one in found] == [(RefusalScope.ADDRESS, RefusalReason.OBJECTION)]
    assert [line.reference for line in services.journal.lines()] == [found[0].reference]


def test_an_address_of_somebody_else_is_refused(services: Services, ann: Prospect) -> None:
    with pytest.raises(AddressTakenError) as told:
        edit(services, ann, ProspectChanges(address=EmailAddress.parse("BOB@schoenen.example")))
    assert told.value.prospect_id == person(services, BOB).id


def test_the_same_address_in_other_letters_is_only_rewritten(services: Services, ann: Prospect) -> None:
    with services.database.transaction() as session:
        session.get_one(Prospect, ann.id).address_state = "works"
    edit(services, person(services, ANN), ProspectChanges(address=EmailAddress.parse("Ann@Schoenen.example")))
    assert person(services, "Ann@schoenen.example").address_state == "works"


def test_the_country_of_a_company_is_that_of_its_people(services: Services, ann: Prospect) -> None:
    changes = CompanyChanges(country="DE", legal_form=LegalForm.LEGAL_PERSON)
    with services.database.transaction() as session:
        company = session.get_one(Company, ann.company_id)
        edit_company(session, company.id, changes, version=company.version, by=1, now=NOW)
    with services.database.reading() as session:
        kept = session.get_one(Company, ann.company_id)
    assert (person(services, ANN).country, person(services, BOB).country) == ("DE", "DE")
    assert (kept.country, kept.time_zone) == ("DE", "Europe/Berlin")


def test_the_domain_of_a_new_address_is_looked_up(services: Services, ann: Prospect) -> None:
    edit(services, ann, ProspectChanges(address=EmailAddress.parse("ann@laarzen.example")))
    with services.database.reading() as session:
        assert "laarzen.example" in session.scalars(select(DomainCheck.domain)).all()
