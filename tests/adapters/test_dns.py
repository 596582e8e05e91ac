"""What the name system says, and what that means. An outage is never "no mail here"."""

import pytest

from crm.adapters.dns import DnsLookup
from crm.domains.ports import DomainAnswer, DomainFinding, DomainVerdict
from crm.kernel.clock import monotonic
from tests.servers.dns import DnsServer, Records

pytestmark = [pytest.mark.enable_socket]

DOMAIN = "shop.example"
MX, A, AAAA = (DOMAIN, "MX"), (DOMAIN, "A"), (DOMAIN, "AAAA")
HOST_A, HOST_AAAA = ("mx.shop.example", "A"), ("mx.shop.example", "AAAA")
OTHER_A, OTHER_AAAA = ("mx2.shop.example", "A"), ("mx2.shop.example", "AAAA")
ONE = ["10 mx.shop.example."]
TWO = ["10 mx.shop.example.", "20 mx2.shop.example."]

TAKES = DomainAnswer(DomainVerdict.TAKES_MAIL, DomainFinding.MX)
IMPLICIT = DomainAnswer(DomainVerdict.IMPLICIT, DomainFinding.ADDRESS_ONLY)
NULL = DomainAnswer(DomainVerdict.NULL_MX, DomainFinding.NULL_MX)
GONE = DomainAnswer(DomainVerdict.NO_MAIL, DomainFinding.NO_SUCH_DOMAIN)
NEITHER = DomainAnswer(DomainVerdict.NO_MAIL, DomainFinding.NEITHER_MX_NOR_ADDRESS)
NO_HOST = DomainAnswer(DomainVerdict.NO_MAIL, DomainFinding.MX_WITHOUT_ADDRESS)
NOT_A_NAME = DomainAnswer(DomainVerdict.NO_MAIL, DomainFinding.NOT_A_NAME)
FAILED = DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.SERVER_FAILED)
LATE = DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.TIMED_OUT)


def look_up(records: Records, domain: str = DOMAIN, seconds: float = 0.6) -> DomainAnswer:
    with DnsServer(records) as server:
        return DnsLookup([server.address], seconds=seconds, seconds_a_server=0.2).look_up(domain)


@pytest.mark.parametrize(
    ("records", "answer"),
    [
        ({MX: ONE, HOST_A: ["192.0.2.1"]}, TAKES),
        ({MX: ONE, HOST_AAAA: ["2001:db8::1"]}, TAKES),
        ({MX: TWO, HOST_A: "NXDOMAIN", OTHER_A: ["192.0.2.1"]}, TAKES),
        ({MX: TWO, HOST_A: "SERVFAIL", HOST_AAAA: "SERVFAIL", OTHER_A: ["192.0.2.1"]}, TAKES),
        ({MX: ["0 ."]}, NULL),
        ({MX: ["0 .", "10 mx.shop.example."], HOST_A: ["192.0.2.1"]}, TAKES),
        ({A: ["192.0.2.1"]}, IMPLICIT),
        ({AAAA: ["2001:db8::1"]}, IMPLICIT),
        ({}, NEITHER),
        ({MX: "NXDOMAIN"}, GONE),
        ({MX: ONE}, NO_HOST),
        ({MX: ONE, HOST_A: "NXDOMAIN", HOST_AAAA: "NXDOMAIN"}, NO_HOST),
        ({MX: ONE, HOST_A: "SERVFAIL"}, FAILED),
        ({MX: TWO, HOST_A: "NXDOMAIN", HOST_AAAA: "NXDOMAIN", OTHER_A: "SERVFAIL"}, FAILED),
        ({MX: "SERVFAIL"}, FAILED),
        ({MX: "REFUSED"}, FAILED),
        ({A: "SERVFAIL", AAAA: "SERVFAIL"}, FAILED),
        ({A: "SERVFAIL", AAAA: ["2001:db8::1"]}, IMPLICIT),
        ({MX: "silence"}, LATE),
        ({A: "silence"}, LATE),
        ({MX: ONE, HOST_A: "silence", HOST_AAAA: "silence"}, LATE),
    ],
)  # fmt: skip
def test_each_state_of_the_name_system_has_its_verdict(records: Records, answer: DomainAnswer) -> None:
    assert look_up(records) == answer


def test_garbage_is_an_outage() -> None:
    assert look_up({MX: "garbage"}).verdict is DomainVerdict.UNKNOWN


def test_an_outage_ends_in_time() -> None:
    start = monotonic()
    assert look_up({MX: "silence"}, seconds=0.5) == LATE
    assert monotonic() - start < 3


def test_a_domain_with_very_many_exchanges_ends_in_time_and_is_no_no() -> None:
    many = [f"{number} mx{number}.shop.example." for number in range(40)]
    start = monotonic()
    assert look_up({MX: many}).verdict is DomainVerdict.UNKNOWN
    assert monotonic() - start < 3


def test_a_second_server_is_asked_when_the_first_is_silent() -> None:
    with DnsServer({MX: "silence"}) as silent, DnsServer({MX: ["0 ."]}) as good:
        lookup = DnsLookup([silent.address, good.address], seconds=2, seconds_a_server=0.2)
        assert lookup.look_up(DOMAIN) == NULL


@pytest.mark.parametrize(
    "domain",
    ["", ".", "localhost", "a..b", "x" * 64 + ".example", ".".join(["a" * 60] * 5), "bücher.example", "a b"],
)
def test_what_is_not_a_name_takes_no_mail_and_is_not_asked_for(domain: str) -> None:
    with DnsServer({}) as server:
        assert DnsLookup([server.address]).look_up(domain) == NOT_A_NAME
        assert server.asked == []


def test_names_are_asked_for_as_they_are() -> None:
    with DnsServer({}) as server:
        DnsLookup([server.address], seconds=1).look_up("shop.example")
        assert {name for name, _ in server.asked} == {"shop.example"}
