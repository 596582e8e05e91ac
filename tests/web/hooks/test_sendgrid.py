"""The door for SendGrid's events: believed only when signed, kept before it answers."""

import hashlib
import io
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from crm.adapters.sendgrid_hook import SIGNATURE, STAMP
from crm.kernel import webhooks
from crm.kernel.db import Database
from crm.models import metadata
from tests.conftest import NOW, FakeClock
from tests.servers.events import Signer, body_of, event
from tests.web.hooks.conftest import PATH, Provider

BODY = body_of([event("delivered", "a" * 26, at=NOW), event("open", "a" * 26, at=NOW, useragent="Mözilla")])
REFUSED = (401, b'{"error":"not_signed"}\n')
DEEP = os.environ.get("CRM_DEEP") == "1"


def dump(database: Database) -> str:
    """A hash of every row of every table."""
    with database.engine.connect() as connection:
        rows = [
            (name, connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).all())  # noqa: S608 - our tables
            for name in sorted(metadata.tables)
        ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def raw_post(app: Flask, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """As a server would hand it on: whatever bytes a header has, they are there."""
    environ = EnvironBuilder(PATH, method="POST", input_stream=io.BytesIO(body)).get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    answer, status, _ = run_wsgi_app(app, environ, buffered=True)
    return int(status[:3]), b"".join(answer)


def flips(data: bytes) -> Iterator[bytes]:
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


@pytest.fixture
def unmoved(provider: Provider) -> Iterator[None]:
    """Whatever the test does, the database is the same afterwards."""
    before = dump(provider.services.database)
    yield
    assert dump(provider.services.database) == before


@pytest.mark.both_databases
def test_a_signed_post_is_kept_and_said_so(provider: Provider) -> None:
    answer = provider.post_body(BODY)
    assert (answer.status_code, answer.json) == (200, {"news": 2, "known": 0})


def test_the_dump_notices_what_a_signed_post_leaves(provider: Provider) -> None:
    before = dump(provider.services.database)
    provider.post_body(BODY)
    assert dump(provider.services.database) != before


@pytest.mark.usefixtures("unmoved")
def test_no_bit_of_the_body_can_be_changed(provider: Provider) -> None:
    headers = provider.signer.headers(BODY, NOW)
    answers = {raw_post(provider.client.application, body, headers) for body in flips(BODY)}
    assert answers == {REFUSED}


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize("name", [SIGNATURE, STAMP])
def test_no_bit_of_a_header_can_be_changed(provider: Provider, name: str) -> None:
    for _ in range(20 if DEEP else 3):  # a signature is another one each time
        headers = provider.signer.headers(BODY, NOW)
        changed = [{**headers, name: one.decode("latin-1")} for one in flips(headers[name].encode())]
        answers = {raw_post(provider.client.application, BODY, each) for each in changed}
        assert answers == {REFUSED}


def test_old_and_new_key_are_both_believed(provider: Provider, signers: tuple[Signer, ...]) -> None:
    old, new, _ = signers
    assert [provider.post_body(BODY, signer=one).status_code for one in (old, new)] == [200, 200]
    assert provider.post_body(BODY, signer=new, at=NOW + timedelta(seconds=1)).status_code == 200


@pytest.mark.usefixtures("unmoved")
def test_another_key_is_not_believed(provider: Provider, signers: tuple[Signer, ...]) -> None:
    answer = provider.post_body(BODY, signer=signers[2])
    assert (answer.status_code, answer.data) == REFUSED


YEAR = timedelta(days=365)


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize(
    "away",
    [
        *(YEAR * sign * years for years in range(1, 11) for sign in (1, -1)),
        timedelta(hours=-25, seconds=-1), timedelta(days=-2), timedelta(minutes=10, seconds=1),
        timedelta(hours=1), timedelta(days=1),
    ],
)  # fmt: skip
def test_a_stamp_from_another_time_is_not_believed(provider: Provider, away: timedelta) -> None:
    answer = provider.post_body(BODY, at=NOW + away)
    assert (answer.status_code, answer.data) == REFUSED


@pytest.mark.parametrize("away", [timedelta(hours=-25), timedelta(hours=-24), timedelta(minutes=10)])
def test_what_the_provider_repeats_for_a_day_is_believed(provider: Provider, away: timedelta) -> None:
    assert provider.post_body(BODY, at=NOW + away).status_code == 200


def _stamp(stamp: str) -> dict[str, str]:
    return {**Signer().headers(BODY, NOW), STAMP: stamp}


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {STAMP: "1772442000"},
        {SIGNATURE: "MEUCIQ=="},
        {SIGNATURE: "", STAMP: ""},
        {SIGNATURE: "é" * 96, STAMP: "1772442000"},
        {SIGNATURE: "A" * 100_000, STAMP: "1772442000"},
        {SIGNATURE: "not base64!", STAMP: "1772442000"},
        {SIGNATURE: "AAAA", STAMP: "1772442000"},
        _stamp(""), _stamp("-1"), _stamp("1e9"), _stamp("01772442000"), _stamp("177244200"),
        _stamp("1772442000 "), _stamp("\u0661\u0667\u0667\u0662\u0664\u0664\u0662\u0660\u0660\u0660"),
        _stamp("9999999999"), _stamp("1772442000,1772442000"),
    ],
)  # fmt: skip
def test_a_malformed_or_missing_header_has_the_one_answer(
    provider: Provider, headers: dict[str, str]
) -> None:
    latin = {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
    assert raw_post(provider.client.application, BODY, latin) == REFUSED


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize("name", [SIGNATURE, STAMP])
def test_a_header_that_is_there_twice_is_refused(provider: Provider, name: str) -> None:
    headers = provider.signer.headers(BODY, NOW)
    doubled = {**headers, name: f"{headers[name]},{headers[name]}"}  # as a server joins them
    assert raw_post(provider.client.application, BODY, doubled) == REFUSED


@pytest.mark.usefixtures("unmoved")
def test_ten_megabytes_are_refused_unread(provider: Provider) -> None:
    body = b"[" + b" " * 10_000_000 + b"]"
    assert raw_post(provider.client.application, body, provider.signer.headers(body, NOW)) == REFUSED


@pytest.mark.usefixtures("unmoved")
def test_what_was_signed_for_another_door_opens_nothing_here(provider: Provider) -> None:
    secrets = provider.services.settings.keys.inbound_hook
    foreign = webhooks.signed_headers(secrets, "inbound_1", BODY, now=NOW)
    answer = provider.send(BODY, foreign)
    assert (answer.status_code, answer.data) == REFUSED


@pytest.mark.both_databases
def test_a_post_that_was_taken_is_answered_as_such_and_not_taken_again(provider: Provider) -> None:
    """The first answer may have got lost; a provider that hears no 2xx tries again for a day."""
    headers = provider.signer.headers(BODY, NOW)
    again = provider.signer.headers(BODY, NOW)  # another signature of the same stamp and bytes
    assert provider.send(BODY, headers).status_code == 200
    before = dump(provider.services.database)
    answers = {
        (one.status_code, one.data) for one in (provider.send(BODY, each) for each in (headers, again))
    }
    assert answers == {(200, b'{"known":2,"news":0}\n')}
    assert dump(provider.services.database) == before


def test_a_repeat_is_believed_no_longer_than_its_stamp(provider: Provider, clock: FakeClock) -> None:
    headers = provider.signer.headers(BODY, NOW)
    provider.send(BODY, headers)
    clock.advance(timedelta(hours=25, seconds=1))
    answer = provider.send(BODY, headers)
    assert (answer.status_code, answer.data) == REFUSED


def test_a_repeat_with_a_bad_signature_is_refused_as_any(
    provider: Provider, signers: tuple[Signer, ...]
) -> None:
    provider.post_body(BODY)
    before = dump(provider.services.database)
    answer = provider.post_body(BODY, signer=signers[2])
    assert (answer.status_code, answer.data) == REFUSED
    assert dump(provider.services.database) == before


@pytest.mark.both_databases
def test_five_thousand_events_in_one_post_are_taken(provider: Provider) -> None:
    people = [event("delivered", at=NOW, email=f"p{number}@winkel.example") for number in range(5_000)]
    answer = provider.post(*people)
    assert (answer.status_code, answer.json) == (200, {"news": 5_000, "known": 0})


@pytest.mark.both_databases
def test_signed_anew_the_same_events_are_known(provider: Provider) -> None:
    provider.post_body(BODY)
    answer = provider.post_body(BODY, at=NOW + timedelta(minutes=1))
    assert (answer.status_code, answer.json) == (200, {"news": 0, "known": 2})


def test_without_a_key_nobody_is_believed(shut: FlaskClient) -> None:
    answer = shut.post(PATH, data=BODY, headers=Signer().headers(BODY, NOW))
    assert (answer.status_code, answer.json) == (503, {"error": "no_key"})


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[", b"[" * 100_000, b"\xff\xfe", b'{"event":"open"}']
)
def test_a_signed_body_that_is_no_list_is_told_so(provider: Provider, body: bytes) -> None:
    assert provider.post_body(body).status_code == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.usefixtures("unmoved")
def test_only_a_post_is_looked_at(provider: Provider, method: str) -> None:
    headers = provider.signer.headers(BODY, NOW)
    assert provider.client.open(PATH, method=method, headers=headers).status_code == 405


def test_a_body_whose_bytes_were_signed_as_if_encoded_twice_is_believed(provider: Provider) -> None:
    twice = BODY.decode("latin-1").encode("utf-8")
    assert provider.send(BODY, provider.signer.headers(twice, NOW)).status_code == 200


@pytest.mark.usefixtures("unmoved")
def test_nobody_can_swap_bytes_by_that_leniency(provider: Provider) -> None:
    halved = BODY.decode("utf-8").encode("latin-1")
    answer = provider.send(halved, provider.signer.headers(BODY, NOW))
    assert (answer.status_code, answer.data) == REFUSED


def test_no_line_of_the_log_holds_who_it_was(
    provider: Provider, caplog: pytest.LogCaptureFixture, signers: tuple[Signer, ...]
) -> None:
    odd: Any = event("account_status_change", at=NOW, reason="ann@winkel.example is <angry>")
    provider.post(odd, event("spamreport", "", at=NOW))
    provider.post(odd, signer=signers[2])
    assert "winkel" not in caplog.text
