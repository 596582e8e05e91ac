"""P32, I14, I29: what we forget is gone from every byte; only the no stays."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from crm.adapters.mailbox import MailboxMailer
from crm.adapters.mailbox_viewer import MaildirViewer
from crm.delivery.ports import Envelope
from crm.kernel.addresses import EmailAddress
from crm.kernel.db import Database
from crm.privacy import register
from crm.privacy.models import Erasure
from crm.prospects.models import Company, Prospect
from crm.queries.keeping import inventory
from crm.services import Services
from crm.workflows.refusals.erase import Receipt, Shelves, erase, finish_erasures
from crm.workflows.refusals.refuse import Desk, Mailbox
from tests.conftest import NOW
from tests.promises.canaries import Planted, found_in, plant, spellings


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(
        services.database,
        services.settings.keys.addresses,
        services.journal,
        services.clocks.real,
        pause=lambda _seconds: None,
    )


@pytest.fixture
def shelves(services: Services) -> Shelves:
    return Shelves(services.settings.var, services.sent_mail)


def planted_person(services: Services, name: str = "anna") -> Planted:
    ring = services.settings.keys.addresses
    with services.database.transaction() as session:
        someone = plant(session, ring, name=name)
        spellings(session, ring, someone)
    return someone


def mailbox_of(services: Services, address: EmailAddress) -> Mailbox:
    ring = services.settings.keys.addresses
    return Mailbox(((ring.digest(address), ring.version),))


def erased(services: Services, desk: Desk, shelves: Shelves, someone: Planted) -> Receipt:
    return erase(desk, shelves, mailbox_of(services, someone.address), channel="page", at=NOW)


def test_every_text_about_a_person_is_planted(services: Services) -> None:
    """The twin of the test below: without this, finding nothing would prove nothing."""
    someone = planted_person(services)
    services.database.dispose()
    hit = {word for _, word in found_in(services.settings.var.parent, someone.words)}
    assert hit == set(someone.words)
    assert len(hit) >= 49


def test_no_byte_of_an_erased_person_is_left(
    services: Services, desk: Desk, shelves: Shelves, tmp_path: Path
) -> None:
    someone = planted_person(services)
    assert erased(services, desk, shelves, someone).is_done
    assert found_in(tmp_path, someone.words) == []


@pytest.mark.both_databases
def test_no_row_about_an_erased_person_is_left(services: Services, desk: Desk, shelves: Shelves) -> None:
    someone = planted_person(services)
    erased(services, desk, shelves, someone)
    ring = services.settings.keys.addresses
    subject = inventory.Subject(
        (someone.ids["prospects"],), ring.digests(someone.address), (someone.address.domain,)
    )
    with services.database.reading() as session:
        left = {
            one.table.name
            for one in inventory.of_person()
            if session.execute(
                select(text("1")).select_from(one.table).where(inventory.rows_about(one, subject))
            ).first()
        }
        assert left == set()
        assert session.scalars(select(Company.id)).all() == []


@pytest.mark.both_databases
def test_somebody_else_keeps_everything(services: Services, desk: Desk, shelves: Shelves) -> None:
    planted_person(services)
    other = planted_person(services, "bert")
    erased(services, desk, shelves, planted_person(services, "carl"))
    with services.database.reading() as session:
        for one in (*inventory.of_person(), *inventory.shared()):
            count = session.execute(select(one.table)).all()
            assert len(count) >= 2, one.table.name
    assert other.ids["prospects"]


def test_a_company_stays_while_a_colleague_is_there(services: Services, desk: Desk, shelves: Shelves) -> None:
    someone = planted_person(services)
    ring = services.settings.keys.addresses
    colleague = EmailAddress.parse(f"boss@{someone.address.domain}")
    with services.database.transaction() as session:
        row = session.get_one(Prospect, someone.ids["prospects"])
        session.add(
            Prospect(
                company_id=row.company_id,
                address=str(colleague),
                address_digest=ring.digest(colleague),
                address_kind=row.address_kind,
                created_at=NOW,
            )
        )
    erased(services, desk, shelves, someone)
    with services.database.reading() as session:
        assert len(session.scalars(select(Company.id)).all()) == 1
        assert session.scalars(select(Prospect.address)).all() == [str(colleague)]


@pytest.mark.both_databases
def test_the_no_outlives_the_person(services: Services, desk: Desk, shelves: Shelves) -> None:
    someone = planted_person(services)
    erased(services, desk, shelves, someone)
    ring = services.settings.keys.addresses
    with services.database.reading() as session:
        shouted = EmailAddress.parse(str(someone.address).upper())
        assert register.standing(session, ring.digests(shouted))


def test_the_receipt_counts_and_names_nobody(services: Services, desk: Desk, shelves: Shelves) -> None:
    someone = planted_person(services)
    receipt = erased(services, desk, shelves, someone)
    with services.database.reading() as session:
        kept = session.scalars(select(Erasure)).one()
    assert kept.public_id == receipt.reference
    assert kept.finished_at == NOW
    assert kept.counts["prospects"] == 1
    assert kept.counts["notes"] == 1
    assert "anna" not in str(kept.counts)


def test_files_that_name_the_person_go_and_others_stay(
    services: Services, desk: Desk, shelves: Shelves
) -> None:
    someone = planted_person(services)
    uploads = services.settings.var / "uploads"
    uploads.mkdir(exist_ok=True)
    (uploads / "theirs.csv").write_bytes(f"name,address\nA,{str(someone.address).upper()}\n".encode("utf-16"))
    (uploads / "others.csv").write_text("name,address\nB,bert@bert-shop.example\n")
    erased(services, desk, shelves, someone)
    assert [path.name for path in uploads.iterdir()] == ["others.csv"]


def test_a_copy_of_a_mail_goes_though_its_message_is_gone(
    services: Services, desk: Desk, tmp_path: Path
) -> None:
    someone, other = planted_person(services), planted_person(services, "bert")
    folder = tmp_path / "sent"
    mailer, viewer = MailboxMailer(folder), MaildirViewer(folder)
    for number, recipient in enumerate((someone.address, other.address)):
        wire = f"To: <{recipient}>\r\nSubject: Photos\r\n\r\nHello\r\n".encode()
        key = f"{number}" * 26
        assert mailer.send([Envelope(key, "b@outreach.produfoto.example", str(recipient), wire)])
    assert erased(services, desk, Shelves(services.settings.var, viewer), someone).is_done
    assert [one.recipient for one in viewer.newest(limit=9)] == [str(other.address)]


def test_an_erasure_that_was_interrupted_is_finished_later(
    services: Services, desk: Desk, shelves: Shelves, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    someone = planted_person(services)

    def broken(*_: object) -> bool:
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr("crm.workflows.refusals.erase.residue.sweep", broken)
        assert not erased(services, desk, shelves, someone).is_done
    with services.database.reading() as session:
        assert session.scalars(select(Erasure.finished_at)).all() == [None]
    assert finish_erasures(desk, shelves, at=NOW) == 1
    assert found_in(tmp_path, someone.words) == []
    assert finish_erasures(desk, shelves, at=NOW) == 0


def test_a_message_that_is_leaving_holds_the_erasure_back(
    services: Services, desk: Desk, shelves: Shelves, database: Database
) -> None:
    someone = planted_person(services)
    with database.transaction() as session:
        session.execute(
            text("UPDATE messages SET state = 'sending', lease_until = '2027-01-01 00:00:00.000000'")
        )
    receipt = erased(services, replace(desk, patience=0), shelves, someone)
    assert not receipt.is_done
    assert not receipt.answer.is_final
    assert finish_erasures(desk, shelves, at=NOW) == 0
    with database.reading() as session:
        assert session.scalars(select(Prospect.id)).all() == [someone.ids["prospects"]]
    with database.transaction() as session:
        session.execute(text("UPDATE messages SET state = 'sent'"))
    assert finish_erasures(desk, shelves, at=NOW) == 1
