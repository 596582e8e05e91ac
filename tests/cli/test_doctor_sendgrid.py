"""The doctor looks at the account before anything is sent through it, and says what to mend."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crm.adapters.sendgrid_account import SendGridAccount
from crm.cli.doctor_sendgrid import WANTED, look_at_sendgrid
from crm.cli.findings import Finding, Health
from crm.delivery import syncs
from crm.domains.ports import DomainAnswer
from crm.services import Services
from tests.conftest import NOW
from tests.fakes import MemoryMailDomains
from tests.outreach import Outreach
from tests.servers import http
from tests.servers.events import Signer
from tests.servers.sendgrid import KEY, SendGrid

pytestmark = [pytest.mark.enable_socket]

DOMAIN = "outreach.produfoto.example"
HOOK = "https://outreach.produfoto.example/hooks/sendgrid"
SIGNER = Signer()
KINDS = {
    "processed": True, "deferred": True, "delivered": True, "bounce": True, "dropped": True,
    "spam_report": True, "unsubscribe": True, "open": False, "click": False,
}  # fmt: skip
RECORDS = {
    (f"em1.{DOMAIN}", "CNAME"): ("u1.wl.sendgrid.net",),
    (f"em1.{DOMAIN}", "TXT"): ("v=spf1 ip4:192.0.2.1 -all",),
    (f"s1._domainkey.{DOMAIN}", "CNAME"): ("s1.domainkey.u1.wl.sendgrid.net",),
    (f"_dmarc.{DOMAIN}", "TXT"): ("v=DMARC1; p=none",),
}
AUTHENTICATED = {
    "domain": DOMAIN, "valid": True,
    "dns": {
        "mail_cname": {"host": f"em1.{DOMAIN}", "type": "cname", "data": "u1.wl.sendgrid.net"},
        "dkim1": {
            "host": f"s1._domainkey.{DOMAIN}", "type": "cname", "data": "s1.domainkey.u1.wl.sendgrid.net",
        },
    },
}  # fmt: skip


@pytest.fixture
def account() -> Iterator[SendGrid]:
    """An account that is set up as it should be."""
    hook = {"url": HOOK, "enabled": True, "public_key": SIGNER.public, **KINDS}
    with SendGrid(hooks=[hook], domains=[AUTHENTICATED]) as server:
        yield server


def look(services: Services, server: SendGrid, **names: Any) -> list[Finding]:
    Outreach(services).mailbox()
    settings = replace(services.settings, sendgrid_event_keys=names.pop("keys", (SIGNER.public,)))
    records: dict[tuple[str, str], tuple[str, ...] | None] = {**RECORDS, **names.pop("records", {})}
    reached = SendGridAccount(names.pop("key", KEY), lambda: NOW, host=server.url)
    lookup = MemoryMailDomains(dict[str, DomainAnswer](), names=records)
    bundle = replace(services, settings=settings, account=reached, mail_domains=lookup)
    found = list(look_at_sendgrid(bundle))
    reached.close()
    return found


def ill(found: list[Finding]) -> str:
    return " | ".join(f"{one.what}: {one.words}" for one in found if one.health is not Health.WELL)


def test_an_account_that_is_set_up_well_has_nothing_to_mend(services: Services, account: SendGrid) -> None:
    found = look(services, account)
    assert ill(found) == ""
    assert {one.what for one in found} == {
        "sendgrid key", "sendgrid tracking", "sendgrid webhook", "sendgrid clock", "dns",
    }  # fmt: skip


def test_without_an_account_there_is_nothing_to_look_at(services: Services) -> None:
    assert list(look_at_sendgrid(services)) == []


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("scopes", [], "Give it Mail Send"),
        ("scopes", ["mail.send", "api_keys.create"], "Restrict it"),
        ("trackers", {"click": True}, "click tracking is on"),
        ("trackers", {"open": True}, "open tracking is on"),
        ("trackers", {"subscription": True}, "subscription tracking is on"),
        ("hooks", [], f"none posts to {HOOK}"),
        ("domains", [], f"{DOMAIN} is not authenticated"),
        ("domains", [{**AUTHENTICATED, "valid": False}], "Press Verify"),
        ("date", "Mon, 02 Mar 2026 09:05:00 GMT", "300 s apart"),
        ("date", "today", "no time"),
    ],
)
def test_each_thing_that_is_wrong_is_said_with_what_to_do(
    services: Services, account: SendGrid, setting: str, value: object, says: str
) -> None:
    setattr(account, setting, value)
    assert says in ill(look(services, account))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"enabled": False}, "switched off"),
        ({"public_key": ""}, "is not signed"),
        ({"public_key": Signer().public}, "signs with another key"),
        ({"bounce": False}, "does not tell: bounce"),
        ({"open": True}, "Untick"),
        ({"url": HOOK + "s"}, "none posts to"),
    ],
)
def test_the_webhook_is_looked_at_closely(
    services: Services, account: SendGrid, change: dict[str, object], says: str
) -> None:
    account.hooks[0].update(change)
    assert says in ill(look(services, account))


def test_our_own_key_may_be_missing(services: Services, account: SendGrid) -> None:
    assert "CRM_SENDGRID_EVENT_KEYS is not set" in ill(look(services, account, keys=()))


def test_beside_an_old_key_the_new_one_is_found(services: Services, account: SendGrid) -> None:
    assert ill(look(services, account, keys=(Signer().public, SIGNER.public))) == ""


@pytest.mark.parametrize(
    ("name", "records", "says"),
    [
        ((f"em1.{DOMAIN}", "CNAME"), (), f"return path: publish em1.{DOMAIN} CNAME u1.wl.sendgrid.net"),
        ((f"em1.{DOMAIN}", "CNAME"), ("elsewhere.example",), "return path: publish"),
        ((f"em1.{DOMAIN}", "CNAME"), None, "did not answer"),
        ((f"em1.{DOMAIN}", "TXT"), (), "SPF: "),
        ((f"em1.{DOMAIN}", "TXT"), ("v=spf1 +all",), "lets anybody send"),
        ((f"em1.{DOMAIN}", "TXT"), None, "SPF of"),
        ((f"s1._domainkey.{DOMAIN}", "CNAME"), (), f"DKIM: publish s1._domainkey.{DOMAIN} CNAME"),
        ((f"_dmarc.{DOMAIN}", "TXT"), (), f"publish _dmarc.{DOMAIN} TXT v=DMARC1"),
        ((f"_dmarc.{DOMAIN}", "TXT"), ("v=DMARC1; p=none", "v=DMARC1; p=none"), "keep one"),
        ((f"_dmarc.{DOMAIN}", "TXT"), None, "did not answer"),
    ],
)
def test_each_record_that_is_missing_is_written_out(
    services: Services, account: SendGrid, name: tuple[str, str], records: object, says: str
) -> None:
    assert says in ill(look(services, account, records={name: records}))


def test_dmarc_of_the_domain_above_counts(services: Services, account: SendGrid) -> None:
    above = {(f"_dmarc.{DOMAIN}", "TXT"): (), ("_dmarc.produfoto.example", "TXT"): ("v=DMARC1; p=reject",)}
    assert ill(look(services, account, records=above)) == ""


def test_a_key_that_is_not_accepted_is_all_there_is_to_say(services: Services, account: SendGrid) -> None:
    found = look(services, account, key="SG.other")
    assert [(one.health, one.what) for one in found] == [(Health.ILL, "sendgrid key")]
    assert "SG.other" not in found[0].words


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("/v3/logs", "Give it Email Logs"),
        ("/v3/suppression", "Give it Suppressions"),
        ("/v3/tracking_settings", "cannot be read"),
        ("/v3/user/webhooks", "Look under Settings, Mail Settings"),
        ("/v3/whitelabel", "domains cannot be read"),
        ("/v3/scopes", "Make a key"),
    ],
)
@pytest.mark.parametrize("fault", [http.status(403), http.status(500), http.reset, http.status(200, b"7")])
def test_what_may_not_be_read_is_said_and_the_rest_is_looked_at(
    services: Services, account: SendGrid, part: str, says: str, fault: http.Answer
) -> None:
    account.faults = {part: fault}
    assert says in ill(look(services, account))


def test_every_kind_of_event_we_want_can_be_seen_in_the_settings() -> None:
    assert {name for name, is_on in KINDS.items() if is_on} == {kind.value for kind in WANTED}


def test_whom_sendgrid_does_not_take_is_said(services: Services, account: SendGrid) -> None:
    with services.database.transaction() as session:
        syncs.set_aside(session, {12: "answer_400"})
    assert "does not take 1 who said no (answer_400): prospect 12" in ill(look(services, account))
