"""The event door of an installation that knows one key of SendGrid's."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.adapters.sendgrid_hook import SendGridHook
from crm.services import Services
from crm.web.app import create_app
from tests.conftest import NOW
from tests.servers.events import Event, Signer, body_of

PATH = "/hooks/sendgrid"


@dataclass
class Provider:
    """Posts to our door, signed."""

    client: FlaskClient
    services: Services
    signer: Signer = field(default_factory=Signer)
    now: datetime = NOW

    def post(self, *events: Event, at: datetime | None = None, signer: Signer | None = None) -> TestResponse:
        return self.post_body(body_of(events), at=at, signer=signer)

    def post_body(
        self, body: bytes, *, at: datetime | None = None, signer: Signer | None = None
    ) -> TestResponse:
        headers = (signer or self.signer).headers(body, at or self.now)
        return self.send(body, headers)

    def send(self, body: bytes, headers: dict[str, str]) -> TestResponse:
        return self.client.post(
            PATH, data=body, headers=headers, content_type="application/json;charset=utf-8"
        )


@pytest.fixture(scope="session")
def signers() -> tuple[Signer, Signer, Signer]:
    """An old key, the new one, and somebody else's."""
    return Signer(), Signer(), Signer()


@pytest.fixture
def provider(services: Services, signers: tuple[Signer, Signer, Signer]) -> Provider:
    old, new, _ = signers
    believing = replace(services, event_hook=SendGridHook([old.public, new.public]))
    return Provider(create_app(believing).test_client(), believing, new)


@pytest.fixture
def shut(services: Services) -> Any:
    """The door of an installation without a key."""
    return create_app(services).test_client()
