"""Signed messages: only who holds a secret is believed, and only now."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.webhooks import (
    InvalidWebhookError,
    WebhookFault,
    new_secret,
    read_secret,
    sign,
    signed_headers,
    verify,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = new_secret()
BODY = b'{"type": "paid"}'


def headers(**changed: str | None) -> dict[str, str]:
    made = signed_headers([SECRET], "report_1", BODY, now=NOW)
    made |= {f"webhook-{name}": value for name, value in changed.items() if value is not None}
    return {
        name: value
        for name, value in made.items()
        if changed.get(name.removeprefix("webhook-"), "") is not None
    }


def fault_of(
    given: dict[str, str], body: bytes = BODY, now: datetime = NOW, *, prefix: str = ""
) -> WebhookFault:
    with pytest.raises(InvalidWebhookError) as caught:
        verify([SECRET], given, body, now, prefix=prefix)
    return caught.value.fault


def test_the_published_example_has_its_published_signature() -> None:
    """From the Standard Webhooks specification's reference libraries."""
    made = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=st.binary(max_size=500), webhook_id=st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True))
def test_what_is_signed_is_believed(body: bytes, webhook_id: str) -> None:
    assert verify([SECRET], signed_headers([SECRET], webhook_id, body, now=NOW), body, NOW) == webhook_id


def test_header_names_come_in_any_case() -> None:
    assert (
        verify([SECRET], {name.title(): value for name, value in headers().items()}, BODY, NOW) == "report_1"
    )


@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_of_the_body_is_noticed(place: int, bit: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= 1 << bit
    assert fault_of(headers(), bytes(changed)) is WebhookFault.UNSIGNED


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"id": None}, WebhookFault.MISSING),
        ({"timestamp": None}, WebhookFault.MISSING),
        ({"signature": None}, WebhookFault.MISSING),
        ({"id": "report_2"}, WebhookFault.UNSIGNED),
        ({"id": "report.1"}, WebhookFault.UNSIGNED),
        ({"id": ""}, WebhookFault.MALFORMED),
        ({"id": "a b"}, WebhookFault.MALFORMED),
        ({"id": "x" * 65}, WebhookFault.MALFORMED),
        ({"id": "é"}, WebhookFault.MALFORMED),
        ({"timestamp": str(int(NOW.timestamp()) + 1)}, WebhookFault.UNSIGNED),
        ({"timestamp": "١٢٣٤٥٦٧٨٩٠"}, WebhookFault.MALFORMED),
        ({"timestamp": "-123456789"}, WebhookFault.MALFORMED),
        ({"timestamp": "1e9"}, WebhookFault.MALFORMED),
        ({"timestamp": "nan"}, WebhookFault.MALFORMED),
        ({"signature": ""}, WebhookFault.UNSIGNED),
        ({"signature": "v1,"}, WebhookFault.UNSIGNED),
        ({"signature": "é"}, WebhookFault.MALFORMED),
        ({"signature": sign(new_secret(), "report_1", int(NOW.timestamp()), BODY)}, WebhookFault.UNSIGNED),
        ({"signature": headers()["webhook-signature"].replace("v1,", "v2,")}, WebhookFault.UNSIGNED),
    ],
)
def test_every_other_message_is_refused_for_its_reason(
    changed: dict[str, str | None], fault: WebhookFault
) -> None:
    assert fault_of(headers(**changed)) is fault


def test_five_minutes_are_the_limit_both_ways() -> None:
    edge = timedelta(minutes=5)
    for now in (NOW - edge, NOW + edge):
        assert verify([SECRET], headers(), BODY, now) == "report_1"
    assert fault_of(headers(), now=NOW + edge + timedelta(seconds=1)) is WebhookFault.STALE
    assert fault_of(headers(), now=NOW - edge - timedelta(seconds=1)) is WebhookFault.AHEAD


def test_while_a_secret_is_replaced_either_side_may_be_first() -> None:
    new = new_secret()
    both = signed_headers([SECRET, new], "report_1", BODY, now=NOW)
    for known in ([SECRET], [new], [new, SECRET]):
        assert verify(known, both, BODY, NOW) == "report_1"
    assert verify([new, SECRET], headers(), BODY, NOW) == "report_1"
    with pytest.raises(InvalidWebhookError):
        verify([new], headers(), BODY, NOW)
    with pytest.raises(InvalidWebhookError):
        verify([], headers(), BODY, NOW)


def test_what_was_signed_for_the_other_direction_is_refused() -> None:
    assert verify([SECRET], headers(), BODY, NOW, prefix="report_") == "report_1"
    other = signed_headers([SECRET], "lead1", BODY, now=NOW)
    assert fault_of(other, prefix="report_") is WebhookFault.MALFORMED


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_é"]
)
def test_what_is_no_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="A signing secret is") as caught:
        read_secret(text)
    assert len(text) < 8 or text not in str(caught.value)


def test_fresh_secrets_differ_and_are_secrets() -> None:
    assert len(read_secret(new_secret())) == 32
    assert new_secret() != new_secret()
