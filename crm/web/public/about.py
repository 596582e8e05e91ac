"""What we hold about you: behind a link in every mail, without a log-in (P30, D10)."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.errors import InvalidLinkError
from crm.kernel.public_links import TEST
from crm.privacy import register
from crm.queries.keeping.about import about
from crm.web.access import Open, allows
from crm.web.context import now, reading, services
from crm.web.public import pages
from crm.workflows.refusals.request_rights import request_rights

bp = Blueprint("about", __name__)
bp.register_error_handler(InvalidLinkError, lambda _error: pages.closed())


@bp.get("/about/<path:token>")
@allows(Open.ANYBODY)
def show(token: str) -> ResponseReturnValue:
    """Show it in short. The link may have been passed on, so words of notes and answers are not shown."""
    if token == TEST:
        return pages.tested()
    link = services().links.read_about(token)
    found = pages.look_up(link)
    months = services().settings.retention_months
    facts = about(reading(), found.known.id, retention_months=months) if found.known else None
    held = register.standing(reading(), pages.digests_with_company(found))
    return pages.show(
        "about.html",
        facts=facts,
        address=pages.masked(found.known.address) if found.known else "",
        standing=[one for one in held if one.holds_at(now())],
        stop_url=services().links.unsubscribe_url(link),
        action=url_for("about.ask_copy", token=token, lang=request.args.get("lang")),
    )


@bp.post("/about/<path:token>")
@allows(Open.ANYBODY)
def ask_copy(token: str) -> ResponseReturnValue:
    """Ask for the whole copy: it goes to the address on record, never to whoever holds the link."""
    if token == TEST:
        return pages.tested()
    link = services().links.read_about(token)
    pages.look_up(link)
    with services().database.transaction() as session:
        request_rights(
            session,
            services().settings.keys.addresses,
            (link.digest, link.key_version),
            kind="access",
            channel="page",
            at=now(),
        )
    return pages.show("asked.html", stop_url=services().links.unsubscribe_url(link))
