"""The keys SendGrid's events are believed by."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crm.adapters.sendgrid_hook import SendGridHook
from crm.delivery.event_ports import UnsignedPostError
from crm.kernel.errors import InvalidSettingsError
from tests.conftest import NOW
from tests.servers.events import Signer, body_of, event

BODY = body_of([event("delivered", "a" * 26, at=NOW)])


def text(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode("ascii")


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN PUBLIC KEY-----",
        "",
        "MFkw",
        "é",
        text(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()),
        text(ec.generate_private_key(ec.SECP384R1()).public_key()),
    ],
)
def test_what_is_no_key_of_theirs_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(InvalidSettingsError, match="verification key"):
        SendGridHook([Signer().public, key])


def test_without_keys_there_is_nothing_to_believe_by() -> None:
    with pytest.raises(InvalidSettingsError):
        SendGridHook([])


def test_the_name_of_a_post_is_of_its_stamp_and_bytes_not_of_its_signature() -> None:
    signer = Signer()
    hook = SendGridHook([signer.public])
    posts = [hook.read(list(signer.headers(BODY, NOW).items()), BODY, now=NOW) for _ in range(2)]
    assert posts[0].digest == posts[1].digest
    assert len(posts[0].events) == 1


@pytest.mark.parametrize("which", [0, 1])
def test_a_header_that_is_there_twice_is_refused_even_with_one_value(which: int) -> None:
    signer = Signer()
    headers = list(signer.headers(BODY, NOW).items())
    with pytest.raises(UnsignedPostError, match="malformed"):
        SendGridHook([signer.public]).read([*headers, headers[which]], BODY, now=NOW)
