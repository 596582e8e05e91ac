"""The unsubscribe page, as a recipient, a mail program and a mail scanner use it."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from crm.delivery.models import Message, MessageState
from crm.kernel.links import LONGEST
from crm.kernel.public_links import MailboxLink
from crm.privacy.models import Refusal, RefusalReason, RefusalScope
from crm.prospects.models import Prospect
from crm.queries.keeping import inventory
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.services import Services
from tests.conftest import NOW
from tests.promises.canaries import Planted

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def refusals(services: Services) -> list[tuple[RefusalScope, RefusalReason]]:
    with services.database.reading() as session:
        return [(one.scope, one.reason) for one in session.scalars(select(Refusal).order_by(Refusal.id))]


def message_state(services: Services) -> MessageState:
    with services.database.reading() as session:
        return session.scalars(select(Message.state)).one()


def enrolment(services: Services) -> Enrolment:
    with services.database.reading() as session:
        return session.scalars(select(Enrolment)).one()


def dump(services: Services) -> list[str]:
    with services.database.reading() as session:
        return [str(session.execute(select(one.table)).all()) for one in inventory.entries()]


def test_opening_the_link_asks_in_their_language(client: FlaskClient, url: str) -> None:
    page = client.get(url).text
    assert "Liever niets meer van ons horen?" in page
    assert '<html lang="nl"' in page


def test_the_widest_choice_is_preselected(client: FlaskClient, url: str) -> None:
    page = client.get(url).text
    assert 'value="never" checked' in page
    assert page.count(" checked") == 1


def test_the_address_is_shown_masked(client: FlaskClient, url: str, anna: Planted) -> None:
    page = client.get(url).text
    assert "a••••@a••••.example" in page
    assert str(anna.address) not in page


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing(client: FlaskClient, services: Services, url: str, method: str) -> None:
    before = dump(services)
    for _ in range(3):
        getattr(client, method)(url)
    assert dump(services) == before


def test_confirming_writes_an_objection(client: FlaskClient, services: Services, url: str) -> None:
    reply = client.post(url, data={"choice": "never"})
    assert reply.status_code == 200
    assert refusals(services) == [(RefusalScope.ADDRESS, RefusalReason.OBJECTION)]


def test_confirming_takes_back_what_waits(client: FlaskClient, services: Services, url: str) -> None:
    client.post(url, data={"choice": "never"})
    assert message_state(services) is MessageState.CANCELLED
    stopped = enrolment(services)
    assert (stopped.state, stopped.stop_reason, stopped.next_due_at) == (
        EnrolmentState.STOPPED,
        StopReason.REFUSED,
        None,
    )


def test_the_confirmation_says_what_holds_since_when_and_gives_a_reference(
    client: FlaskClient, services: Services, url: str
) -> None:
    page = client.post(url + "?lang=en", data={"choice": "never"}).text
    with services.database.reading() as session:
        reference = session.scalars(select(Refusal.public_id)).one()
    assert "We never contact you again, by e-mail or by telephone." in page
    assert "Monday, 2 March 2026, 10:00" in page
    assert f"{reference[:4]}-{reference[4:8]}".upper() in page
    assert "One e-mail was waiting to be sent to you. It will not be sent." in page


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_one_click_is_enough_in_both_encodings(
    client: FlaskClient, services: Services, url: str, kind: str
) -> None:
    reply = client.post(url, data=ONE_CLICK, content_type=kind)
    assert (reply.status_code, reply.mimetype) == (200, "text/plain")
    assert refusals(services) == [(RefusalScope.ADDRESS, RefusalReason.UNSUBSCRIBE)]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (b"{]", "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"%ff%fe=%00", "application/x-www-form-urlencoded"),
        (b"x" * 3_000_000, "multipart/form-data; boundary=x"),
    ],
)
def test_one_click_needs_no_readable_body(
    client: FlaskClient, services: Services, url: str, body: bytes, kind: str | None
) -> None:
    assert client.post(url, data=body, content_type=kind).status_code == 200
    assert refusals(services) == [(RefusalScope.ADDRESS, RefusalReason.UNSUBSCRIBE)]


def test_one_click_works_from_anywhere(client: FlaskClient, services: Services, url: str) -> None:
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site", "Cookie": "sid=whatever"}
    assert client.post(url, data=ONE_CLICK, headers=headers).status_code == 200
    assert refusals(services)


def test_saying_it_again_is_the_same_as_once(client: FlaskClient, services: Services, url: str) -> None:
    pages = [client.post(url, data={"choice": "never"}) for _ in range(3)]
    assert {page.status_code for page in pages} == {200}
    assert len(refusals(services)) == 1


@pytest.mark.parametrize("data", [ONE_CLICK, {"choice": "never"}, {"choice": "remove"}])
def test_the_answer_sets_no_cookie_leads_nowhere_and_is_not_kept(
    client: FlaskClient, url: str, data: dict[str, str]
) -> None:
    for reply in (client.post(url, data=data), client.get(url)):
        assert "Set-Cookie" not in reply.headers
        assert "Location" not in reply.headers
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in reply.headers["X-Robots-Tag"]


def test_only_this_series_stops_this_series(client: FlaskClient, services: Services, url: str) -> None:
    client.post(url, data={"choice": "series"})
    with services.database.reading() as session:
        kept = session.scalars(select(Refusal)).one()
    assert (kept.scope, kept.scope_id) == (RefusalScope.SEQUENCE, enrolment(services).sequence_id)
    assert message_state(services) is MessageState.CANCELLED


def test_a_series_that_is_gone_cannot_be_chosen(
    client: FlaskClient, services: Services, link: MailboxLink
) -> None:
    url = services.links.unsubscribe_url(MailboxLink(link.digest, link.key_version, "")).split("example", 1)[
        1
    ]
    assert 'value="series"' not in client.get(url).text
    assert client.post(url, data={"choice": "series"}).status_code == 422
    assert refusals(services) == []


def test_not_now_waits_until_the_month_they_chose(client: FlaskClient, services: Services, url: str) -> None:
    client.post(url, data={"choice": "later", "month": "2026-07"})
    paused = enrolment(services)
    assert (paused.state, paused.stop_reason) == (EnrolmentState.PAUSED, StopReason.SNOOZED)
    assert paused.resumes_at is not None
    assert paused.resumes_at.isoformat() == "2026-06-30T22:00:00+00:00"


@pytest.mark.parametrize("month", ["", "2026-03", "2027-04", "2031-01", "soon"])
def test_not_now_asks_for_a_month_of_the_next_twelve(
    client: FlaskClient, services: Services, url: str, month: str
) -> None:
    reply = client.post(url, data={"choice": "later", "month": month})
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text
    assert 'value="later" checked' in reply.text
    assert refusals(services) == []


def test_an_objection_to_measuring_plans_the_mail_anew(
    client: FlaskClient, services: Services, url: str
) -> None:
    client.post(url, data={"choice": "measuring"})
    with services.database.reading() as session:
        assert session.scalars(select(Message.id)).all() == []
    going_on = enrolment(services)
    assert (going_on.state, going_on.next_due_at) == (EnrolmentState.RUNNING, NOW)


def test_the_whole_company_is_refused_by_its_domain(
    client: FlaskClient, services: Services, url: str
) -> None:
    client.post(url, data={"choice": "company"})
    assert set(refusals(services)) == {
        (RefusalScope.ADDRESS, RefusalReason.OBJECTION),
        (RefusalScope.DOMAIN, RefusalReason.OBJECTION),
    }


def test_nobody_speaks_for_everybody_at_a_freemail_domain(
    client: FlaskClient, services: Services, url: str
) -> None:
    with services.database.transaction() as session:
        session.execute(text("UPDATE companies SET domain = 'gmail.com'"))
    assert 'value="company"' not in client.get(url).text
    assert client.post(url, data={"choice": "company"}).status_code == 422


def test_removing_erases_and_stops(client: FlaskClient, services: Services, url: str) -> None:
    page = client.post(url + "?lang=en", data={"choice": "remove"}).text
    assert "We have erased what we held about you." in page
    with services.database.reading() as session:
        assert session.scalars(select(Prospect.id)).all() == []
    assert refusals(services) == [(RefusalScope.ADDRESS, RefusalReason.ERASURE)]


def test_the_link_works_after_the_erasure(client: FlaskClient, services: Services, url: str) -> None:
    client.post(url, data={"choice": "remove"})
    assert client.get(url).status_code == 200
    assert client.post(url, data=ONE_CLICK).status_code == 200


def test_an_unknown_choice_is_asked_again(client: FlaskClient, services: Services, url: str) -> None:
    assert client.post(url, data={"choice": "nonsense"}).status_code == 422
    assert refusals(services) == []


def test_no_script_runs_on_it_and_its_form_leads_to_us_only(client: FlaskClient, url: str) -> None:
    policy = client.get(url).headers["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert (rules["default-src"], rules["form-action"]) == ("'none'", "'self'")
    assert "script-src" not in rules


def test_what_the_link_does_not_take_is_not_called_a_fault_of_ours(client: FlaskClient, url: str) -> None:
    reply = client.put(url)
    assert (reply.status_code, "our side" in reply.text) == (405, False)


def test_the_page_says_what_holds_already(client: FlaskClient, url: str) -> None:
    client.post(url, data={"choice": "series"})
    assert "This series of e-mails is stopped." in client.get(url + "?lang=en").text


BAD = ["x", "a" * 5_000, "%00", "..%2f..%2fetc", "é", "a" * (LONGEST + 1)]


@pytest.mark.parametrize("token", BAD)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_none_of_ours_gets_a_page_that_helps(
    client: FlaskClient, services: Services, method: str, token: str
) -> None:
    reply = getattr(client, method)(f"/u/{token}", data={"choice": "never"} if method == "post" else None)
    assert reply.status_code == 404
    assert 'href="/objection"' in reply.text
    assert refusals(services) == []


def test_a_cut_or_foreign_link_gets_it_too(
    client: FlaskClient, services: Services, url: str, about_url: str
) -> None:
    foreign = f"/u/{about_url.removeprefix('/about/')}"
    for bad in (url[:-1], url[:-9], url[:-1] + ("a" if url[-1] != "a" else "b"), foreign):
        assert client.post(bad, data=ONE_CLICK).status_code == 404
    assert refusals(services) == []


@pytest.mark.parametrize("end", [".", ">", "%3D", ".)", "%20", "/"])
def test_what_mail_programs_hang_on_a_link_is_borne(client: FlaskClient, url: str, end: str) -> None:
    assert client.post(url + end, data=ONE_CLICK).status_code == 200
