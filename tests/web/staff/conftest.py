"""Colleagues of every role, logged in, in an installation with a little of everything."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.services import Services
from crm.staff import passwords, sessions
from crm.staff.models import Role, Staff
from tests.outreach import Outreach
from tests.web.shared import app_over

BASE = "https://outreach.produfoto.example"
PASSWORD = "vier woorden op een rij"
HASH = passwords.hashed(PASSWORD)


@dataclass
class Browser:
    """A browser with somebody's session: it sends the cookie, and the token with every form."""

    client: FlaskClient
    token: str
    staff_id: int

    def get(self, path: str, **more: str) -> TestResponse:
        return self.client.get(path, base_url=BASE, headers=more)

    def post(
        self, path: str, data: Mapping[str, str | list[str]] | None = None, *, token: str | None = None
    ) -> TestResponse:
        sent = {"csrf_token": self.token if token is None else token, **(data or {})}
        return self.client.post(path, base_url=BASE, data=sent)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture
def app(services: Services) -> Flask:
    return app_over(services)


def account(services: Services, role: Role, *, email: str | None = None) -> int:
    with services.database.transaction() as session:
        person = Staff(
            name=f"Sanne {role.value}",
            email=email or f"{role.value}@produfoto.example",
            password_hash=HASH,
            role=role,
            created_at=services.clocks.real(),
        )
        session.add(person)
        session.flush()
        return person.id


def browser_of(app: Flask, services: Services, role: Role) -> Browser:
    staff_id = account(services, role)
    with services.database.transaction() as session:
        value = sessions.start(session, session.get_one(Staff, staff_id), at=services.clocks.real())
    client = app.test_client()
    client.set_cookie("__Host-sid", value, domain="outreach.produfoto.example")
    return Browser(client, sessions.csrf_token(value), staff_id)


@pytest.fixture
def admin(app: Flask, services: Services) -> Browser:
    return browser_of(app, services, Role.ADMIN)


@pytest.fixture
def sales(app: Flask, services: Services) -> Browser:
    return browser_of(app, services, Role.SALES)
