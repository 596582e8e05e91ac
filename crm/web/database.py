"""Flask's read session over the engine that the roof made."""

from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from crm.kernel.db import Base

if TYPE_CHECKING:
    from crm.services import Services


class _Bound(SQLAlchemy):
    """Uses the one engine of the process, with everything `crm.kernel` taught it."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:  # noqa: ARG002 - the library fixes the signature
        return cast("Services", app.extensions["crm"]).database.engine


db = _Bound(model_class=Base, disable_autonaming=True)


def reading() -> Session:
    """The request's session for looking: one a request, never committed, closed with it."""
    if current_app.extensions.get("sqlalchemy") is not db:
        raise RuntimeError("the app was not made by create_app")
    return cast("Session", db.session())
