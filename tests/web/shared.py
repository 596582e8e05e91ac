"""One app for many tests: making it anew takes longer than most of them, and it keeps nothing of a test.

An app is its routes and templates. Whatever else it knows it asks the services for: each test's own.
"""

from typing import TYPE_CHECKING, cast

from flask import Flask

from crm.services import Services
from crm.web.app import create_app
from crm.web.database import db

if TYPE_CHECKING:
    from sqlalchemy import Engine

_MADE: dict[bool, Flask] = {}


def app_over(services: Services) -> Flask:
    """The app, over these services; only one test of a process has it at a time."""
    https = not services.settings.is_loopback
    app = _MADE.get(https)
    if app is None:
        app = _MADE[https] = create_app(services)
        app.testing = True
    app.extensions["crm"] = services
    with app.app_context():
        cast("dict[str | None, Engine]", db.engines)[None] = services.database.engine
    return app
