"""Keys that do not belong to a database: no refusal would be found with them, so nothing starts."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crm.bootstrap import home
from crm.bootstrap.wiring import check_keys
from crm.bootstrap.worker import look_back
from crm.kernel import keys
from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressKeys
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.settings import Settings
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.sequences.models import EnrolmentState
from crm.services import Services
from crm.workflows.refusals.refuse import Mailbox, refuse
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach


def with_keys(services: Services, ring: AddressKeys) -> Services:
    kept = services.settings
    return replace(services, settings=replace(kept, keys=replace(kept.keys, addresses=ring)))


def test_the_keys_of_the_database_are_taken(services: Services) -> None:
    Outreach(services).person("anna@winkel.example")
    check_keys(services)


def test_other_keys_are_refused(services: Services) -> None:
    Outreach(services).person("anna@winkel.example")
    with pytest.raises(InvalidSettingsError, match="no refusal would be found"):
        check_keys(with_keys(services, AddressKeys({1: bytes(32)})))


def test_a_newer_key_beside_the_old_one_is_taken(services: Services) -> None:
    Outreach(services).person("anna@winkel.example")
    both = services.settings.keys.addresses.handed_on() | {"2": bytes(32).hex()}
    check_keys(with_keys(services, AddressKeys.received(both)))


def test_an_empty_database_fits_any_keys(services: Services) -> None:
    check_keys(with_keys(services, AddressKeys({1: bytes(32)})))


@pytest.mark.parametrize("name", ["addresses.json", "public_links"])
def test_a_lost_key_of_an_installation_is_not_made_anew(tmp_path: Path, name: str) -> None:
    var = tmp_path / "var"
    home.make_home(var)
    (var / "keys" / name).unlink()
    home.make_home(var)
    assert not (var / "keys" / name).exists()
    with pytest.raises(InvalidSettingsError, match=name):
        Settings.from_env({**home.read_home(var), "CRM_BASE_URL": "http://127.0.0.1:8000"})


def test_a_home_that_was_half_made_is_made_whole(tmp_path: Path) -> None:
    var = tmp_path / "var"
    home.make_home(var)
    before = (var / "keys" / "addresses.json").read_text()
    (var / home.SETTINGS).unlink()
    (var / "keys" / "public_links").unlink()
    home.make_home(var)
    Settings.from_env({**home.read_home(var), "CRM_BASE_URL": "http://127.0.0.1:8000"})
    assert (var / "keys" / "addresses.json").read_text() == before


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"1": ""}', '{"1": "00"}', '{"x": "' + "00" * 32 + '"}', '{"1": 5}']
)
def test_an_address_key_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    keys.make_missing(tmp_path)
    (tmp_path / "addresses.json").write_text(text)
    found, problems = keys.read(tmp_path)
    assert found is None
    assert len(problems) == 1


def test_a_restored_database_learns_its_refusals_before_anything_leaves(
    services: Services, clock: FakeClock, tmp_path: Path
) -> None:
    outreach = Outreach(services)
    outreach.enrol(outreach.person("anna@winkel.example"), outreach.sequence())
    file = Path(services.settings.database_url.removeprefix("sqlite:///"))
    services.database.dispose()
    shutil.copy(file, tmp_path / "backup.db")
    keys_ = register.keys_of(services.settings.keys.addresses, EmailAddress.parse("anna@winkel.example"))
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    refuse(services.refusal_desk(), Mailbox(keys_), wish)
    services.database.dispose()
    for left in ("-wal", "-shm"):
        Path(f"{file}{left}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", file)
    look_back(services)
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.STOPPED]
    clock.advance(timedelta(days=1))
    outreach.plan()
    assert outreach.dispatch().claimed == 0
