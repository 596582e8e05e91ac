"""The open pixel: one answer for everybody, and a row only where there may be one (D4, P12, P13, P20)."""

import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from crm.delivery.models import Message
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import TrackingMode
from crm.kernel.public_links import REFERENCE, MailboxLink, StepDay
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.models import Prospect, SpellingKey
from crm.queries.inbox.openings import message_of
from crm.services import Services
from crm.tracking import openings as stored
from crm.tracking.addresses import IpPurpose, TrustedProxies, ip_digest, parse_address
from crm.tracking.models import Opening, OpeningClass, OpeningCounter
from crm.tracking.openings import Row
from crm.web.pixel import ANSWER, GIF, Pixel, make_pixel
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from tests.conftest import NOW, FakeClock
from tests.promises.canaries import Planted, plant, spellings

PIXEL = "0123456789abcdef0123456789abcdef"
READER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3"
HOME = "198.51.100.7"


def behind(environ: dict[str, Any], start_response: Any) -> Any:
    """The app behind the pixel."""
    return Response(f"app: {Request(environ).path}")(environ, start_response)


@pytest.fixture
def anna(services: Services) -> Planted:
    """Somebody whose mail with an individual pixel was taken an hour ago."""
    with services.database.transaction() as session:
        more = {
            "messages.pixel_id": PIXEL,
            "messages.public_id": "a" * 26,
            "messages.sent_at": NOW - timedelta(hours=1),
        }
        more |= {"messages.tracking": TrackingMode.INDIVIDUAL, "prospects.restricted_at": None}
        someone = plant(session, services.settings.keys.addresses, name="anna", more=more)
        spellings(session, services.settings.keys.addresses, someone)
        session.execute(text("DELETE FROM openings"))
        session.execute(update(Prospect).values(restricted_at=None))
        session.execute(text("DELETE FROM opening_counters"))
    return someone


@pytest.fixture
def pixel(services: Services) -> Iterator[Pixel]:
    pixel = make_pixel(behind, services)
    yield pixel
    pixel.writer.close()


def path(services: Services, pixel_id: str = PIXEL) -> str:
    return "/" + services.links.pixel_url(pixel_id).split("/", 3)[3]


def get(pixel: Pixel, where: str, *, agent: str = READER, peer: str = HOME, **headers: str) -> Response:
    client = Client(pixel, Response)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = {"REMOTE_ADDR": peer}
    return client.open(where, headers={"User-Agent": agent, **names}, environ_overrides=environ)


def openings(services: Services, pixel: Pixel) -> list[Opening]:
    pixel.writer.close()
    with services.database.reading() as session:
        return list(session.scalars(select(Opening).order_by(Opening.id)))


def test_the_picture_is_a_transparent_dot_of_43_bytes() -> None:
    assert len(GIF) == 43
    assert GIF[:6] == b"GIF89a"
    assert struct.unpack("<HH", GIF[6:10]) == (1, 1)
    assert GIF.endswith(b";")


def test_every_token_gets_the_same_answer(services: Services, pixel: Pixel, anna: Planted) -> None:
    unknown = path(services, "f" * 32)
    answers = [
        get(pixel, where) for where in (path(services), unknown, "/o/", "/o/x.gif", "/o/" + "a" * 5_000)
    ]
    assert {(one.status_code, one.data, tuple(one.headers)) for one in answers} == {(200, GIF, ANSWER)}


def test_it_sets_no_cookie_and_leads_nowhere(services: Services, pixel: Pixel, anna: Planted) -> None:
    names = {name.lower() for name, _ in get(pixel, path(services)).headers.to_wsgi_list()}
    assert not names & {"set-cookie", "location", "etag", "last-modified"}


def test_everything_else_goes_to_the_app(pixel: Pixel) -> None:
    assert get(pixel, "/u/x").data == b"app: /u/x"
    assert get(pixel, "/other").data == b"app: /other"


@pytest.mark.both_databases
def test_an_opening_keeps_what_the_policy_names_and_nothing_else(
    services: Services, pixel: Pixel, anna: Planted
) -> None:
    get(pixel, path(services), Accept_Language="nl-BE", Referer="https://mail.example/inbox/1")
    (row,) = openings(services, pixel)
    assert (row.message_id, row.opened_at, row.user_agent) == (anna.ids["messages"], NOW, READER)
    assert row.opened_by is OpeningClass.PERSON
    assert set(Opening.__table__.columns.keys()) == {
        "id", "message_id", "opened_at", "user_agent", "ip_digest", "opened_by",
    }  # fmt: skip


def test_the_place_is_a_digest_under_the_days_key(services: Services, pixel: Pixel, anna: Planted) -> None:
    get(pixel, path(services))
    (row,) = openings(services, pixel)
    address = parse_address(HOME)
    assert address
    key = services.ip_keys.key(IpPurpose.OUTREACH, NOW)
    assert row.ip_digest == ip_digest(address, key, IpPurpose.OUTREACH)


@pytest.mark.parametrize(
    "headers",
    [{"Purpose": "prefetch"}, {"Sec_Purpose": "prefetch;prerender"}, {"X_Moz": "prefetch"}, {"Sec_GPC": "1"}],
)
def test_what_is_fetched_ahead_or_asks_not_to_be_measured_leaves_nothing(
    services: Services, pixel: Pixel, anna: Planted, headers: dict[str, str]
) -> None:
    assert get(pixel, path(services), **headers).data == GIF
    assert openings(services, pixel) == []


def test_a_head_leaves_nothing_and_has_the_same_headers(
    services: Services, pixel: Pixel, anna: Planted
) -> None:
    reply = Client(pixel, Response).head(path(services), headers={"User-Agent": READER})
    assert (reply.status_code, reply.data) == (200, b"")
    assert reply.headers["Content-Length"] == "43"
    assert openings(services, pixel) == []


@pytest.mark.both_databases
@pytest.mark.parametrize("scope", [RefusalScope.MEASURING, RefusalScope.ADDRESS, RefusalScope.DOMAIN])
def test_an_old_pixel_of_somebody_who_objected_writes_nothing(
    services: Services, pixel: Pixel, anna: Planted, scope: RefusalScope
) -> None:
    ring = services.settings.keys.addresses
    desk = Desk(services.database, ring, services.journal, services.clocks.real, patience=0)
    with services.database.transaction() as session:
        session.execute(update(Message).values(state="sent"))
    wish = Wish(scope=scope, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    refuse(desk, Mailbox(((ring.digest(anna.address), 1),), anna.address.domain), wish)
    assert get(pixel, path(services)).data == GIF
    assert openings(services, pixel) == []


def test_a_colleague_of_a_company_that_objected_is_not_measured_either(
    services: Services, pixel: Pixel, anna: Planted
) -> None:
    ring = services.settings.keys.addresses
    wish = Wish(scope=RefusalScope.DOMAIN, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        register.record(session, register.domain_keys_of(ring, anna.address.domain), wish)
    get(pixel, path(services))
    assert openings(services, pixel) == []


@pytest.mark.parametrize("said_under", ["another spelling", "the address that was put right"])
def test_a_no_under_another_name_of_theirs_counts_as_well(
    services: Services, pixel: Pixel, anna: Planted, said_under: str
) -> None:
    ring = services.settings.keys.addresses
    other = EmailAddress.parse("anna+foto@anna-shop.example")
    wish = Wish(scope=RefusalScope.MEASURING, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        if said_under == "another spelling":
            prospect_id = session.scalars(select(Prospect.id)).one()
            session.add(SpellingKey(digest=ring.digest(other), prospect_id=prospect_id, key_version=1))
        else:
            session.execute(update(Message).values(address_digest=ring.digest(other)))
        register.record(session, ((ring.digest(other), 1),), wish)
    get(pixel, path(services))
    assert openings(services, pixel) == []


def test_a_snooze_or_a_stopped_series_does_not_hide_that_a_mail_arrived(
    services: Services, pixel: Pixel, anna: Planted
) -> None:
    ring = services.settings.keys.addresses
    wish = Wish(scope=RefusalScope.SNOOZE, reason=RefusalReason.UNSUBSCRIBE, channel="page", at=NOW)
    with services.database.transaction() as session:
        register.record(session, register.keys_of(ring, anna.address), wish)
    get(pixel, path(services))
    assert len(openings(services, pixel)) == 1


def test_restricted_processing_is_not_measured(services: Services, pixel: Pixel, anna: Planted) -> None:
    with services.database.transaction() as session:
        session.execute(update(Prospect).values(restricted_at=NOW))
    get(pixel, path(services))
    assert openings(services, pixel) == []


def test_repeats_within_a_minute_are_one_opening(
    services: Services, pixel: Pixel, anna: Planted, clock: FakeClock
) -> None:
    for _ in range(4):
        get(pixel, path(services))
        clock.advance(timedelta(seconds=14))
    clock.advance(timedelta(minutes=5))
    get(pixel, path(services))
    assert len(openings(services, pixel)) == 2


def test_a_message_has_at_most_twenty(
    services: Services, pixel: Pixel, anna: Planted, clock: FakeClock
) -> None:
    for _ in range(30):
        get(pixel, path(services))
        clock.advance(timedelta(minutes=2))
    assert len(openings(services, pixel)) == 20


def page(services: Services) -> str:
    """The unsubscribe page behind the link of Anna's mail."""
    with services.database.reading() as session:
        message = session.scalars(select(Message).where(Message.pixel_id == PIXEL)).one()
    link = MailboxLink(message.address_digest, 1, message.public_id[:REFERENCE])
    return "/" + services.links.unsubscribe_url(link).split("/", 3)[3]


def settle(services: Services, pixel: Pixel, expected: int) -> None:
    """Wait until the pixel's thread has written this many openings."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with services.database.reading() as session:
            if session.scalar(select(func.count()).select_from(Opening)) == expected:
                return
        time.sleep(0.02)
    raise AssertionError("the openings were not written")


@pytest.mark.both_databases
@pytest.mark.parametrize(("gap", "by"), [(2, OpeningClass.SCANNER), (3, OpeningClass.PERSON)])
def test_whoever_gets_from_the_page_to_the_pixel_in_two_seconds_is_a_scanner(
    services: Services, pixel: Pixel, anna: Planted, clock: FakeClock, gap: int, by: OpeningClass
) -> None:
    Client(pixel, Response).head(page(services))
    clock.advance(timedelta(seconds=gap))
    get(pixel, path(services))
    (row,) = openings(services, pixel)
    assert row.opened_by is by


@pytest.mark.both_databases
@pytest.mark.parametrize(("gap", "by"), [(2, OpeningClass.SCANNER), (3, OpeningClass.PERSON)])
def test_an_opening_is_taken_back_where_the_page_follows_within_two_seconds(
    services: Services, pixel: Pixel, anna: Planted, clock: FakeClock, gap: int, by: OpeningClass
) -> None:
    get(pixel, path(services))
    settle(services, pixel, 1)
    clock.advance(timedelta(seconds=gap))
    Client(pixel, Response).open(page(services))
    (row,) = openings(services, pixel)
    assert row.opened_by is by


@pytest.mark.both_databases
def test_a_page_asked_for_while_openings_are_written_is_seen_by_whoever_writes(
    services: Services, pixel: Pixel, anna: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever serves the page finds no opening yet: the other process has to look again."""
    keep = stored.keep
    token = page(services).removeprefix("/u/")

    def keep_and_meanwhile(session: Session, rows: Sequence[Row]) -> None:
        keep(session, rows)
        pixel.visits.note(services.links.read_unsubscribe(token).message, services.clocks.real())

    monkeypatch.setattr(stored, "keep", keep_and_meanwhile)
    get(pixel, path(services))
    (row,) = openings(services, pixel)
    assert row.opened_by is OpeningClass.SCANNER


@pytest.mark.both_databases
def test_the_message_behind_a_page_is_found_by_its_index(services: Services, anna: Planted) -> None:
    """Of half a million messages too: whoever asks for pages makes nobody read a table."""
    asked: list[str] = []
    with services.database.reading() as session:
        heard = event.listens_for(session.get_bind(), "before_cursor_execute")
        heard(lambda _c, _u, statement, *_: asked.append(statement))
        assert message_of(session, "a" * REFERENCE) == anna.ids["messages"]
    assert [one for one in asked if "LIKE" in one.upper()] == []


def test_a_mail_providers_proxy_that_is_followed_by_the_page_at_once_is_no_reader_either(
    services: Services, pixel: Pixel, anna: Planted
) -> None:
    get(pixel, path(services), agent="Mozilla/5.0 (via ggpht.com GoogleImageProxy)")
    settle(services, pixel, 1)
    Client(pixel, Response).open(page(services))
    (row,) = openings(services, pixel)
    assert row.opened_by is OpeningClass.SCANNER


def test_an_old_opening_stays_a_persons_when_a_scanner_comes_by(
    services: Services, pixel: Pixel, anna: Planted, clock: FakeClock
) -> None:
    get(pixel, path(services))
    settle(services, pixel, 1)
    clock.advance(timedelta(hours=3))
    Client(pixel, Response).open(page(services))
    get(pixel, path(services), agent=READER + " later")
    assert [one.opened_by for one in openings(services, pixel)] == [OpeningClass.PERSON, OpeningClass.SCANNER]


def test_a_page_of_another_message_tells_nothing(services: Services, pixel: Pixel, anna: Planted) -> None:
    link = services.links.read_unsubscribe(page(services).removeprefix("/u/"))
    other = services.links.unsubscribe_url(replace(link, message="q" * REFERENCE))
    for where in ("/" + other.split("/", 3)[3], "/u/test", "/u/", "/u/" + "a" * 5_000):
        Client(pixel, Response).open(where)
    get(pixel, path(services))
    (row,) = openings(services, pixel)
    assert row.opened_by is OpeningClass.PERSON


def test_a_scanner_is_told_by_its_haste(services: Services, pixel: Pixel, anna: Planted) -> None:
    with services.database.transaction() as session:
        session.execute(update(Message).values(sent_at=NOW - timedelta(seconds=2)))
    get(pixel, path(services))
    assert [one.opened_by for one in openings(services, pixel)] == [OpeningClass.SCANNER]


def test_a_long_user_agent_is_cut(services: Services, pixel: Pixel, anna: Planted) -> None:
    get(pixel, path(services), agent="Reader " + "x" * 3_000)
    (row,) = openings(services, pixel)
    assert len(row.user_agent) == 256


@pytest.mark.both_databases
def test_an_aggregate_pixel_counts_and_knows_nobody(services: Services, pixel: Pixel, anna: Planted) -> None:
    shared = StepDay(anna.ids["steps"], date(2026, 3, 2))
    url = "/" + services.links.step_pixel_url(shared).split("/", 3)[3]
    for number in range(5):
        get(pixel, url, peer=f"198.51.100.{number + 1}")
    assert openings(services, pixel) == []
    with services.database.reading() as session:
        counter = session.scalars(select(OpeningCounter)).one()
    assert (counter.step_id, counter.day, counter.opened) == (shared.step_id, shared.day, 5)


def test_a_counter_goes_on_where_it_was(services: Services, anna: Planted) -> None:
    url = "/" + services.links.step_pixel_url(StepDay(anna.ids["steps"], date(2026, 3, 2))).split("/", 3)[3]
    for _ in range(2):
        pixel = make_pixel(behind, services)
        get(pixel, url)
        pixel.writer.close()
    with services.database.reading() as session:
        assert session.scalars(select(OpeningCounter.opened)).one() == 2


def test_an_unknown_step_counts_nothing(services: Services, pixel: Pixel, anna: Planted) -> None:
    get(pixel, "/" + services.links.step_pixel_url(StepDay(99_999, date(2026, 3, 2))).split("/", 3)[3])
    get(pixel, path(services))
    assert len(openings(services, pixel)) == 1


def test_with_the_database_gone_the_answer_is_the_same(services: Services, anna: Planted) -> None:
    services.database.dispose()
    for file in services.settings.var.parent.glob("crm.db*"):
        file.unlink()
    pixel = make_pixel(behind, services)
    reply = get(pixel, path(services))
    assert (reply.status_code, reply.data, tuple(reply.headers)) == (200, GIF, ANSWER)
    pixel.writer.close()


def test_with_the_database_locked_nobody_waits_and_nothing_is_lost(
    services: Services, pixel: Pixel, anna: Planted
) -> None:
    with services.database.transaction() as session:
        session.execute(text("SELECT 1"))
        assert get(pixel, path(services)).data == GIF
    assert len(openings(services, pixel)) == 1


def test_a_client_behind_our_proxy_is_named_by_what_the_proxy_saw(
    services: Services, anna: Planted, clock: FakeClock
) -> None:
    pixel = make_pixel(behind, replace(services, proxies=TrustedProxies.parse(["127.0.0.1"])))
    for seen in ("203.0.113.5", "6.6.6.6, 203.0.113.5", "::ffff:203.0.113.5"):
        get(pixel, path(services), peer="127.0.0.1", X_Forwarded_For=seen)
        clock.advance(timedelta(minutes=2))
    assert len({one.ip_digest for one in openings(services, pixel)}) == 1


def test_a_key_past_its_life_leaves_memory_and_disk(
    services: Services, pixel: Pixel, anna: Planted, clock: FakeClock
) -> None:
    get(pixel, path(services))
    folder = services.settings.var / "ip-keys"
    assert [one.name for one in folder.iterdir()] == ["2026-03-02.outreach.key"]
    clock.advance(timedelta(hours=39))
    get(pixel, "/other")
    assert list(folder.iterdir()) == []
    assert vars(services.ip_keys)["_known"] == {}
