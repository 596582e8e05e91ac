"""What somebody wanted to send when their session was over: kept on the page that says so, to be sent again.

A form carries the token of the session it was made in. After signing in anew it fits no more, so sending it
again asks once, with everything in it and a token that does.
"""

from dataclasses import dataclass

from flask import g, request

_MOST = 256 * 1024
"""Bytes. More is an upload, and nobody who is not signed in has us read one."""


@dataclass(frozen=True, slots=True)
class Again:
    """A form as it was sent, but for its token."""

    action: str
    fields: tuple[tuple[str, str], ...]

    is_mail: bool = False
    """Sending it again queues a mail: nothing of it is merely saved."""


def _is_from_our_pages() -> bool:
    """Tell whether the browser says so; silence is no yes.

    `Origin` alone does not say it: our pages send no referrer, and so a form of theirs comes from "null".
    """
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def remember_stale() -> None:
    """Note that nothing was wrong with this form but its token."""
    g.crm_stale = True


def to_send(code: int) -> Again | None:
    """The form to offer on the page for `code`, where signing in is all that is missing."""
    is_late = code == 401 or (code == 403 and g.get("crm_stale", False))
    if not is_late or request.method != "POST" or not _is_from_our_pages():
        return None
    if request.mimetype != "application/x-www-form-urlencoded" or (request.content_length or 0) > _MOST:
        return None
    fields = tuple(pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token")
    return Again(request.full_path.rstrip("?"), fields, is_mail=request.endpoint == "writing.send")
