"""Error pages: what happened, what to do, and for people outside a way that always works."""

import logging
from collections.abc import Callable

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from crm.kernel.errors import ConflictError, InvalidLinkError, NotFoundError
from crm.kernel.ids import new_public_id
from crm.kernel.outages import is_outage
from crm.staff.passwords import TooBusyError
from crm.web.again import to_send
from crm.web.context import is_htmx, is_poll, services
from crm.web.headers import is_public
from crm.web.public import languages

log = logging.getLogger(__name__)


def _page(code: int, reference: str = "") -> ResponseReturnValue:
    if request.path.startswith("/hooks/"):
        return {"error": code}, code
    if is_public(request.path):
        text = render_template(
            "errors/public.html",
            code=code,
            lang=languages.language(),
            controller=services().settings.controller,
        )
        return text, code
    if is_poll() and code != 401:
        return "", code  # it asks again by itself; a message every few seconds would help nobody
    if is_htmx():
        return render_template("errors/toast.html", code=code, csrf_token=_csrf()), code
    offered = to_send(code)
    page = render_template(
        "errors/staff.html",
        code=code,
        reference=reference,
        again=offered,
        csrf_token=_csrf() if offered else "",
    )
    return page, code


def _csrf() -> str:
    me = g.get("crm_me")
    return me.csrf_token if me else ""


def _answers(code: int) -> Callable[[Exception], ResponseReturnValue]:
    return lambda _error: _page(code)


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    return _page(code)


def _no_room(error: OperationalError) -> ResponseReturnValue:
    """A full disk or a database that does not answer: nothing was saved, and the page says so."""
    if not is_outage(error):
        return _broken(error)
    log.error(
        "the database could not do it", extra={"kind": type(error.orig).__name__, "page": request.endpoint}
    )
    return _page(503)


def _broken(error: Exception) -> ResponseReturnValue:
    reference = new_public_id()[:8]
    log.error(
        "a page failed",
        exc_info=error,
        extra={"reference": reference, "page": request.endpoint, "method": request.method},
    )
    return _page(500, reference)


def register(app: Flask) -> None:
    """Answer every error with a page of ours."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InvalidLinkError, _answers(404))
    app.register_error_handler(NotFoundError, _answers(404))
    app.register_error_handler(ConflictError, _answers(409))
    app.register_error_handler(TooBusyError, _answers(429))
    app.register_error_handler(OperationalError, _no_room)
    # What no column takes (a NUL, a number beyond all numbers), and two who did the same at one moment.
    app.register_error_handler(DataError, _answers(400))
    app.register_error_handler(OverflowError, _answers(400))
    app.register_error_handler(IntegrityError, _answers(409))
    app.register_error_handler(OSError, _answers(503))
    app.register_error_handler(Exception, _broken)
