"""What a look-up of mail domains promises: an answer for every text, and never a no in doubt."""

from collections.abc import Iterator

import pytest

from crm.adapters.dns import DnsLookup
from crm.domains.ports import DomainAnswer, DomainFinding, DomainVerdict, MailDomainLookup
from tests.fakes import MemoryMailDomains
from tests.servers.dns import DnsServer, Records

pytestmark = [pytest.mark.enable_socket]

TAKES = DomainAnswer(DomainVerdict.TAKES_MAIL, DomainFinding.MX)
NO_SUCH = DomainAnswer(DomainVerdict.NO_MAIL, DomainFinding.NO_SUCH_DOMAIN)
FAILED = DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.SERVER_FAILED)


def memory() -> Iterator[MailDomainLookup]:
    answers = {"gone.example": NO_SUCH, "broken.example": FAILED}
    names: dict[tuple[str, str], tuple[str, ...] | None] = {
        ("em1.takes.example", "CNAME"): ("u1.wl.sendgrid.net",),
        ("takes.example", "MX"): ("mail.takes.example",),
        ("takes.example", "TXT"): ("v=spf1 include:sendgrid.net -all", "other"),
        ("broken.example", "TXT"): None,
    }
    yield MemoryMailDomains(answers, names=names)


def over_dns() -> Iterator[MailDomainLookup]:
    records: Records = {
        ("takes.example", "MX"): ["10 mail.takes.example."],
        ("mail.takes.example", "A"): ["192.0.2.1"],
        ("gone.example", "MX"): "NXDOMAIN",
        ("broken.example", "MX"): "SERVFAIL",
        ("em1.takes.example", "CNAME"): ["U1.wl.sendgrid.net."],
        ("takes.example", "TXT"): ['"v=spf1 include:" "sendgrid.net -all"', '"other"'],
        ("broken.example", "TXT"): "SERVFAIL",
        ("gone.example", "TXT"): "NXDOMAIN",
    }
    with DnsServer(records) as server:
        yield DnsLookup([server.address], seconds=2, seconds_a_server=0.5)


@pytest.fixture(params=[memory, over_dns], ids=lambda make: make.__name__)
def lookup(request: pytest.FixtureRequest) -> Iterator[MailDomainLookup]:
    yield from request.param()


@pytest.mark.parametrize(
    ("domain", "answer"), [("takes.example", TAKES), ("gone.example", NO_SUCH), ("broken.example", FAILED)]
)
def test_each_domain_has_its_answer(lookup: MailDomainLookup, domain: str, answer: DomainAnswer) -> None:
    assert lookup.look_up(domain) == answer
    assert lookup.look_up(domain) == answer


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("em1.takes.example", "CNAME", {"u1.wl.sendgrid.net"}),
        ("takes.example", "TXT", {"v=spf1 include:sendgrid.net -all", "other"}),
        ("takes.example", "MX", {"mail.takes.example"}),
        ("takes.example", "CNAME", set()),
        ("gone.example", "TXT", set()),
        ("broken.example", "TXT", None),
    ],
)
def test_records_are_whole_or_none_or_nobody_can_tell(
    lookup: MailDomainLookup, name: str, kind: str, found: set[str] | None
) -> None:
    records = lookup.records(name, kind)
    assert (None if records is None else set(records)) == found
