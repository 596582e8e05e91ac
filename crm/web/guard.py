"""Before each request: who is it, may they, and does the form come from a page of ours?"""

from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.staff import sessions
from crm.staff.roles import Act, may
from crm.web import again
from crm.web.access import Open, access_of, most_bytes_of
from crm.web.context import is_htmx, is_poll, reading, real_now, services

_SAFE = {"GET", "HEAD", "OPTIONS"}


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host and https; plain only while the address is loopback (D15)."""
    return "sid" if services().settings.is_loopback else "__Host-sid"


def check_routes(app: Flask) -> None:
    """Refuse to start with a page that does not say who may call it.

    Raises:
        RuntimeError: names the pages.
    """
    silent = sorted(
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and access_of(app.view_functions[rule.endpoint]) is None
    )
    if silent:
        raise RuntimeError(f"these pages do not say who may call them: {', '.join(silent)}")


def admit() -> ResponseReturnValue | None:
    """Let a request in, send it to the log-in, or turn it away."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    most = most_bytes_of(view)
    if most is not None:
        request.max_content_length = most
    access = access_of(view)
    if access is Open.ANYBODY or access is Open.SIGNED:
        return None
    if access is Open.DOOR:
        _from_our_pages()
        return None
    return _admit_staff(access) if isinstance(access, Act) else abort(403)


def _admit_staff(act: Act) -> ResponseReturnValue | None:
    value = request.cookies.get(cookie_name(), "")
    found = sessions.find(reading(), value, at=real_now()) if value else None
    if found is None:
        return _to_the_door()
    g.crm_me = found
    if not may(found.role, act):
        abort(403)
    if request.method not in _SAFE:
        token = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
        if not sessions.fits(found, token):
            again.remember_stale()
            abort(403)
        _from_our_pages()
    elif not is_poll():
        _keep_alive(value)
    return None


def _to_the_door() -> ResponseReturnValue:
    if is_htmx() or request.method not in _SAFE:
        abort(401)
    return redirect(url_for("door.login", next=request.full_path.rstrip("?")), 303)


def _from_our_pages() -> None:
    """A second lock beside the token: what other sites send is refused, whatever it carries (SD5)."""
    if request.method in _SAFE:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)
    origin = request.headers.get("Origin")
    if origin and origin != "null" and origin.partition("://")[2] != request.host:
        abort(403)


def _keep_alive(value: str) -> None:
    if sessions.is_stale(reading(), value, at=real_now()):
        with services().database.transaction() as session:
            sessions.touch(session, value, at=real_now())


def safe_next(target: str | None) -> str:
    """Where to go after the log-in: a path of ours, or Today (I42)."""
    is_path = target is not None and target.startswith("/") and not target.startswith("//")
    if not target or not is_path or "\\" in target or any(ord(char) < 33 for char in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target
