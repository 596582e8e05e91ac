"""What pages for people outside have in common: a language, who we are, and no secrets."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError

from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressDigest
from crm.kernel.public_links import MailboxLink
from crm.queries.inbox import person
from crm.queries.inbox.person import Key, Person
from crm.web.context import reading, services
from crm.web.public import languages

log = logging.getLogger(__name__)

_DOTS = "••••"  # the same for every length: it tells less, and fits a phone


def show(template: str, code: int = 200, **more: Any) -> ResponseReturnValue:  # noqa: ANN401 - a template's values
    """Render a page of `templates/public`."""
    chosen = languages.language()
    around = {
        "lang": chosen,
        "controller": services().settings.controller,
        "languages": _languages(chosen) if request.method == "GET" else [],
    }
    return render_template(f"public/{template}", **{**around, **more}), code


def _languages(chosen: str) -> list[Mapping[str, object]]:
    return [
        {"code": code, "name": name, "href": f"?lang={code}", "current": code == chosen}
        for code, name in languages.NAMES.items()
    ]


def closed() -> ResponseReturnValue:
    """A link that is none of ours, or was cut. Says what works without one."""
    return show("closed.html", 404, objection_url=url_for("objection.ask"))


def tested() -> ResponseReturnValue:
    """A link of a test that a colleague sent to themselves: it says so, and does nothing."""
    return show("tested.html")


def look_up(link: MailboxLink) -> Person:
    """Who a link is about. A database that does not answer leaves us with the link alone: enough to ask."""
    given: Key = (link.digest, link.key_version)
    try:
        found = person.find(reading(), services().settings.keys.addresses, [given])
    except OperationalError:
        log.warning("asking without the database")
        return Person((given,), (), None)
    if found.known:
        languages.prefer(found.known.language)
    return found


def digests_with_company(found: Person) -> list[AddressDigest]:
    """All names under which a refusal of this person, or of their company, may stand."""
    domain = found.known.domain if found.known else None
    ring = services().settings.keys.addresses
    return [*found.digests, *(ring.domain_digests(domain) if domain else ())]


def masked(address: EmailAddress) -> str:
    """Enough of an address for its owner to know it: `w••••@v••••.example`."""
    name, _, top = address.unicode_domain.rpartition(".")
    return f"{_mask(address.local)}@{_mask(name)}.{top}"


def _mask(text: str) -> str:
    return text[:1] + _DOTS


def reference_text(reference: str) -> str:
    """A reference as people read it aloud: the first eight of its 26 characters, in two groups."""
    return f"{reference[:4]}-{reference[4:8]}".upper()
