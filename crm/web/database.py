"""Flask's read session over the engine that the roof made."""

from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app, has_app_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event
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


@event.listens_for(Session, "after_commit")
def _look_anew(written: Session) -> None:
    """What a request wrote is seen by what it reads afterwards.

    The guard has looked before any view writes, and a reader of SQLite keeps the picture it began with:
    the page would still show the task that was just done. Objects read before stay as they are.
    """
    if not has_app_context() or current_app.extensions.get("sqlalchemy") is not db:
        return
    if db.session.registry.has() and written is not db.session():
        db.session().close()
