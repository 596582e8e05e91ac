"""Person, proxy, machine or scanner: as mail programs and gateways really look."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.errors import InvalidSettingsError
from crm.tracking.addresses import IpDigest
from crm.tracking.lists import SHIPPED, Lists, Networks, shipped
from crm.tracking.machines import HEADERS, Crowd, Hints, classify, network_of
from crm.tracking.models import OpeningClass

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.3.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CUBOT = (
    "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile"
)
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
PREFETCH = "Mozilla/5.0 (Windows NT 10.0) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
NOWHERE = Hints()


def seen_as(agent: str, after: float | None = 3_600.0, hints: Hints = NOWHERE) -> OpeningClass | None:
    return classify("GET", {}, agent, after, hints)


@pytest.mark.parametrize("agent", [CHROME, OUTLOOK, THUNDERBIRD, IPHONE, CUBOT])
def test_a_mail_program_is_a_person(agent: str) -> None:
    assert seen_as(agent) is OpeningClass.PERSON


@pytest.mark.parametrize("agent", [GMAIL, YAHOO, GMAIL.upper()])
def test_an_image_proxy_is_a_proxy(agent: str) -> None:
    assert seen_as(agent, hints=Hints("google")) is OpeningClass.PROXY


@pytest.mark.parametrize(
    "agent",
    ["Mozilla/5.0", "", " ", "curl/8.5.0", "python-requests/2.32", "Slackbot 1.0", "HeadlessChrome/142"],
)
def test_a_program_without_a_reader_is_a_machine(agent: str) -> None:
    assert seen_as(agent) is OpeningClass.MACHINE


def test_apples_relay_is_a_machine_whatever_it_calls_itself() -> None:
    assert seen_as(CHROME, hints=Hints("apple")) is OpeningClass.MACHINE


def test_gmails_prefetch_is_a_machine_in_googles_network_only() -> None:
    assert seen_as(PREFETCH, hints=Hints("google")) is OpeningClass.MACHINE
    assert seen_as(PREFETCH) is OpeningClass.PERSON


@pytest.mark.parametrize("agent", ["Barracuda Sentinel", "Mimecast/1.0", "Mozilla/5.0 Proofpoint"])
def test_a_gateway_that_names_itself_is_a_scanner(agent: str) -> None:
    assert seen_as(agent) is OpeningClass.SCANNER


@pytest.mark.parametrize("agent", [CHROME, GMAIL])
def test_a_gateways_network_is_a_scanner_whatever_it_calls_itself(agent: str) -> None:
    assert seen_as(agent, hints=Hints("scanner")) is OpeningClass.SCANNER


@pytest.mark.parametrize("after", [-3.0, 0.0, 2.0, 9.9])
@pytest.mark.parametrize("agent", [CHROME, GMAIL])
def test_faster_than_ten_seconds_is_a_scanner(after: float, agent: str) -> None:
    assert seen_as(agent, after) is OpeningClass.SCANNER


def test_ten_seconds_are_enough_for_a_person() -> None:
    assert seen_as(CHROME, 10.0) is OpeningClass.PERSON


def test_an_unknown_hour_of_acceptance_is_not_held_against_the_reader() -> None:
    assert seen_as(CHROME, None) is OpeningClass.PERSON


def test_apple_stays_a_machine_in_the_first_seconds() -> None:
    assert seen_as("Mozilla/5.0", 1.0) is OpeningClass.MACHINE


def test_a_crowd_from_one_place_is_a_scanner() -> None:
    assert seen_as(CHROME, hints=Hints(crowded=True)) is OpeningClass.SCANNER


def test_a_crowd_behind_a_mail_providers_proxy_is_readers() -> None:
    assert seen_as(GMAIL, hints=Hints("google", crowded=True)) is OpeningClass.PROXY


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "get"])
def test_only_a_get_is_an_opening(method: str) -> None:
    assert classify(method, {}, CHROME, 3_600.0, NOWHERE) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "Prefetch"},
        {"x-moz": "prefetch"},
        {"sec-gpc": "1"},
        {"dnt": "1"},
    ],
)
def test_what_is_fetched_ahead_or_objected_to_is_not_stored(headers: dict[str, str]) -> None:
    assert classify("GET", headers, CHROME, 3_600.0, NOWHERE) is None


@pytest.mark.parametrize("headers", [{"sec-gpc": "0"}, {"dnt": "0"}, {"purpose": ""}])
def test_a_header_that_says_no_is_no_objection(headers: dict[str, str]) -> None:
    assert classify("GET", headers, CHROME, 3_600.0, NOWHERE) is OpeningClass.PERSON


def test_the_headers_asked_for_are_those_the_lists_know() -> None:
    assert {name for name, _ in shipped().ignored} == set(HEADERS)


@given(st.text(), st.text(), st.none() | st.floats(), st.builds(Hints, crowded=st.booleans()))
def test_every_request_gets_an_answer(method: str, agent: str, after: float | None, hints: Hints) -> None:
    classify(method, {"purpose": agent}, agent, after, hints)


def test_a_megabyte_of_user_agent_is_read_no_further_than_it_is_kept() -> None:
    assert seen_as(CHROME + "x" * 1_000_000 + "curl/") is OpeningClass.PERSON


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("66.249.84.1", "google"),
        ("2a00:1450:4001::5", "google"),
        ("172.224.1.1", "apple"),
        ("172.228.1.1", ""),
        ("67.231.150.1", "scanner"),
        ("192.0.2.44", ""),
        ("2001:db8::1", ""),
    ],
)
def test_networks_are_told_by_their_ranges(address: str, network: str) -> None:
    assert network_of(ip_address(address)) == network


def test_an_unknown_address_is_nobodys() -> None:
    assert network_of(None) == ""


def test_the_edges_of_a_network_belong_to_it() -> None:
    networks = Networks.of({"ours": ["192.0.2.64/26"]})
    names = [networks.name_of(ip_address(f"192.0.2.{last}")) for last in (63, 64, 127, 128)]
    assert names == ["", "ours", "ours", ""]


def test_networks_that_overlap_are_refused() -> None:
    with pytest.raises(InvalidSettingsError):
        Networks.of({"a": ["192.0.2.0/24"], "b": ["192.0.2.0/25"]})


def test_a_list_without_a_section_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "machines.toml"
    broken.write_text(SHIPPED.read_text("utf-8").replace("[timing]", "[time]"), "utf-8")
    with pytest.raises(InvalidSettingsError):
        Lists.read(broken)


def test_every_list_says_when_it_was_checked() -> None:
    assert shipped().oldest.year >= 2026


def test_three_recipients_within_a_minute_mark_all_three() -> None:
    crowd, place = Crowd(), IpDigest("a" * 32)
    first = crowd.seen(place, 7, 1, NOW)
    second = crowd.seen(place, 7, 2, NOW + timedelta(seconds=20))
    third = crowd.seen(place, 7, 3, NOW + timedelta(seconds=59))
    assert (first, second, third) == (frozenset(), frozenset(), frozenset({1, 2, 3}))


def test_one_recipient_who_looks_often_is_no_crowd() -> None:
    crowd, place = Crowd(), IpDigest("a" * 32)
    assert not any(crowd.seen(place, 7, 1, NOW + timedelta(seconds=second)) for second in range(30))


def test_recipients_over_more_than_a_minute_are_no_crowd() -> None:
    crowd, place = Crowd(), IpDigest("a" * 32)
    assert not any(crowd.seen(place, 7, number, NOW + timedelta(seconds=31 * number)) for number in range(20))


def test_another_step_or_place_is_another_crowd() -> None:
    crowd = Crowd()
    groups = [(IpDigest("a" * 32), 1), (IpDigest("a" * 32), 2), (IpDigest("b" * 32), 1)]
    assert not any(crowd.seen(place, step, number, NOW) for number, (place, step) in enumerate(groups))
