"""A form that came too late for its session is offered again; nobody else's form is."""

from html import unescape

import pytest
from flask import Flask

from tests.outreach import Outreach
from tests.web.staff.conftest import BASE, Browser

OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
SENT = {
    "csrf_token": "of an earlier session",
    "kind": "note",
    "body": 'Ten "chairs" <first>',
    "once": "a" * 26,
}


@pytest.fixture
def note_url(outreach: Outreach) -> str:
    return f"/prospects/{outreach.person()}/notes"


def test_who_is_signed_out_finds_what_they_sent_and_the_way_in(app: Flask, note_url: str) -> None:
    answer = app.test_client().post(note_url, base_url=BASE, data=SENT, headers=OURS)
    assert answer.status_code == 401
    assert 'href="/login" target="_blank"' in answer.text
    assert SENT["body"] in unescape(answer.text)
    assert f'action="{note_url}"' in answer.text
    assert SENT["csrf_token"] not in answer.text


def test_a_form_with_an_old_token_is_asked_for_once_and_then_kept(sales: Browser, note_url: str) -> None:
    answer = sales.client.post(note_url, base_url=BASE, data=SENT, headers=OURS)
    assert answer.status_code == 403
    assert "Save it now" in answer.text
    assert f'name="csrf_token" value="{sales.token}"' in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://elsewhere.example"}, {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
     {"Origin": "null"}],
)  # fmt: skip
def test_what_our_pages_did_not_send_is_not_offered(
    app: Flask, sales: Browser, note_url: str, headers: dict[str, str]
) -> None:
    for client in (app.test_client(), sales.client):
        answer = client.post(note_url, base_url=BASE, data=SENT, headers=headers)
        assert answer.status_code in {401, 403}
        assert "chairs" not in answer.text


def test_a_role_that_may_not_is_not_offered_to_try_again(sales: Browser) -> None:
    answer = sales.client.post("/settings/countries", base_url=BASE, data=SENT, headers=OURS)
    assert answer.status_code == 403
    assert "Save it now" not in answer.text


def test_no_upload_is_read_for_somebody_who_is_not_signed_in(app: Flask) -> None:
    data = {**SENT, "body": "x" * 300_000}
    answer = app.test_client().post("/imports", base_url=BASE, data=data, headers=OURS)
    assert answer.status_code == 401
    assert "xxxx" not in answer.text


def test_of_a_mail_it_is_said_that_it_leaves_when_it_is_sent_again(
    app: Flask, sales: Browser, outreach: Outreach
) -> None:
    url, letter = f"/prospects/{outreach.person()}/write", {**SENT, "subject": "Foto's"}
    out, late = (
        client.post(url, base_url=BASE, data=letter, headers=OURS).text
        for client in (app.test_client(), sales.client)
    )
    for page in (out, late):
        assert "Your mail was not sent, and nothing of it is lost" in page
    assert "Send the mail" in late
    assert "Save it now" not in late
