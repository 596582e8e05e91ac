"""Settings: read once, every problem in one message, no default for a secret."""

from pathlib import Path

import pytest

from crm.kernel import keys
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.settings import Settings
from tests.world import environment


def problems(tmp_path: Path, **change: str) -> list[str]:
    env = environment(tmp_path / "var", "sqlite:///x.db") | change
    try:
        Settings.from_env({name: value for name, value in env.items() if value != "-"})
    except InvalidSettingsError as error:
        return list(error.problems)
    return []


@pytest.fixture(autouse=True)
def made_keys(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    keys.make_missing(tmp_path / "var" / "keys")


def test_a_whole_environment_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_every_problem_is_in_one_message(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        CRM_BASE_URL="http://outreach.produfoto.example",
        CRM_STORAGE_REGION="us-east-1",
        CRM_CONTROLLER_KVK="-",
        CRM_MAILER="pigeon",
        CRM_RETENTION_MONTHS="99",
        CRM_PROXY_HOPS="-1",
        CRM_DEMO="perhaps",
    )
    names = {line.partition(" ")[0].rstrip(":") for line in found}
    assert names == {
        "CRM_BASE_URL", "CRM_STORAGE_REGION", "CRM_CONTROLLER_KVK", "CRM_MAILER", "CRM_RETENTION_MONTHS",
        "CRM_PROXY_HOPS", "CRM_DEMO",
    }  # fmt: skip


@pytest.mark.parametrize("region", ["us-east-1", "-", "ap-south-1", "moon", "eugene"])
def test_data_outside_the_union_does_not_start(tmp_path: Path, region: str) -> None:
    """P21: all data is stored on servers in the European Union."""
    assert any("CRM_STORAGE_REGION" in line for line in problems(tmp_path, CRM_STORAGE_REGION=region))


@pytest.mark.parametrize("name", ["addresses.json", "public_links", "secret_key"])
def test_a_secret_has_no_default(tmp_path: Path, name: str) -> None:
    (tmp_path / "var" / "keys" / name).unlink()
    assert problems(tmp_path)


@pytest.mark.parametrize(
    ("port", "tls"), [("0", "starttls"), ("x", "starttls"), ("70000", "implicit"), ("25", "ssl")]
)
def test_a_relay_that_cannot_be_is_said_in_words(tmp_path: Path, port: str, tls: str) -> None:
    found = problems(
        tmp_path, CRM_MAILER="smtp", CRM_SMTP_HOST="relay.example", CRM_SMTP_PORT=port, CRM_SMTP_TLS=tls
    )
    assert len(found) == 1
    assert "invalid literal" not in found[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRM_DATABASE_URL", "foo"),
        ("CRM_DATABASE_URL", "postgresql://crm@127.0.0.1/crm"),
        ("CRM_SENDGRID_HOST", "api.sendgrid.example"),
        ("CRM_IMAGE_SERVICE_URL", "nonsense"),
        ("CRM_TRACKING", "always"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_can(tmp_path: Path, name: str, value: str) -> None:
    [found] = problems(tmp_path, **{name: value})
    assert found.startswith(f"{name}: ")
    assert "valid" not in found
