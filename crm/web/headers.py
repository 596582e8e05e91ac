"""Security headers on every response, errors included (SD6, ASVS 3.4)."""

from typing import Final

from flask import Response, request

_STAFF = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'"
)
BARE: Final = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
)
"""Of the answers that are given before the pages are asked: the pixel's, and that somebody waits."""

PUBLIC_PATHS = ("/u/", "/about/", "/objection", "/start/", "/o/", "/hooks/")
"""Where people outside arrive: no script may run there."""


def public_policy(*, also_to: str = "") -> str:
    """The policy of pages for people outside; `also_to` is one more origin their form may lead to."""
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {also_to}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )


def is_public(path: str) -> bool:
    """Tell whether a path is for people outside."""
    return path.startswith(PUBLIC_PATHS)


def protect(response: Response, *, https: bool) -> Response:
    """Add the headers to one response; what a view has already set stays."""
    public, static = is_public(request.path), request.path.startswith("/static/")
    headers = response.headers
    headers.setdefault("Content-Security-Policy", public_policy() if public else _STAFF)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if not static:
        headers["Cache-Control"] = headers.get("Cache-Control") or "no-store"
        headers.add("Vary", "HX-Request")
    return response
