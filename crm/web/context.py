"""What a view may ask of its request: services, clocks, the session for looking, the colleague."""

from datetime import datetime
from typing import cast

from flask import current_app, g, request

from crm.services import Services
from crm.staff.sessions import Me
from crm.tracking.addresses import IpPurpose, client_address, ip_digest
from crm.web.database import reading

__all__ = ["client_digest", "is_htmx", "is_poll", "me", "now", "reading", "real_now", "services"]


def services() -> Services:
    """Everything from outside."""
    return cast("Services", current_app.extensions["crm"])


def now() -> datetime:
    """Calendar time: due dates, days, windows."""
    return services().clocks.calendar()


def real_now() -> datetime:
    """Real time: sessions, leases, signatures."""
    return services().clocks.real()


def me() -> Me:
    """The colleague behind this request. Only for views that ask for an act."""
    return cast("Me", g.crm_me)


def is_htmx() -> bool:
    """Tell whether a part of the page is wanted, not the whole."""
    return request.headers.get("HX-Request") == "true"


def is_poll() -> bool:
    """Tell whether the page asks by itself, with nobody at work behind it."""
    return request.headers.get("X-Poll") is not None


def client_digest() -> str:
    """A name for the client's network that is good for a day and leads nowhere (P41)."""
    bundle = services()
    address = client_address(
        request.environ.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For"), bundle.proxies
    )
    if address is None:
        return "unknown"
    key = bundle.ip_keys.key(IpPurpose.LIMITS, bundle.clocks.real())
    return ip_digest(address, key, IpPurpose.LIMITS)
