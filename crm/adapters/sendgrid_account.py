"""SendGrid's account: does it have a message, and whom does it not write to?"""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from crm.adapters import sendgrid_facts
from crm.adapters.http import HttpClient
from crm.adapters.sendgrid import GLOBAL
from crm.adapters.sendgrid_api import Api
from crm.adapters.sockets import Deadline
from crm.delivery.account_ports import AccountFacts, Listed, ListKind, NoAnswer
from crm.kernel.clock import Clock

PAGE: Final = 500
_MOST_PAGES: Final = 10_000
_MOST_DETAILS: Final = 10  # messages to one recipient that are looked at for one question
_SECONDS: Final = 20.0
_LOOKUP_SECONDS: Final = 28.0
_EARLIER: Final = timedelta(hours=1)  # our clock and theirs need not agree
_PATHS: Final = {
    ListKind.BOUNCES: "/v3/suppression/bounces",
    ListKind.BLOCKS: "/v3/suppression/blocks",
    ListKind.INVALID: "/v3/suppression/invalid_emails",
    ListKind.SPAM_REPORTS: "/v3/suppression/spam_reports",
    ListKind.UNSUBSCRIBES: "/v3/suppression/unsubscribes",
}
_UNREADABLE: Final = NoAnswer("unreadable_answer")


class SendGridAccount:
    """See `crm.delivery.account_ports.ProviderAccount`."""

    def __init__(
        self, api_key: str, clock: Clock, *, host: str = GLOBAL, context: ssl.SSLContext | None = None
    ) -> None:
        """`clock` is the real one.

        Raises:
            InvalidSettingsError: no key, or a host that is neither https nor this machine.
        """
        self._api = Api(api_key, HttpClient(host, context=context), clock)

    def has(self, public_id: str, recipient: str, *, since: datetime) -> bool | NoAnswer:
        """See the port. By recipient and time, then by our own argument: ids of theirs prove nothing."""
        if any(char in recipient for char in "'\"\\") or not recipient.isprintable():
            return False  # how to quote these in a query is not documented
        deadline = Deadline.after(_LOOKUP_SECONDS)
        moment = (since - _EARLIER).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"to_email = '{recipient}' AND sg_message_id_created_at > TIMESTAMP \"{moment}\""
        found = self._api.post("/v3/logs", {"query": query, "limit": 50}, deadline=deadline)
        names = _message_names(found)
        if isinstance(names, NoAnswer):
            return names
        for name in names:
            if not deadline.has(1.0):
                return NoAnswer("timed_out")
            detail = self._api.get(f"/v3/logs/{quote(name, safe='')}", deadline=deadline)
            if isinstance(detail, NoAnswer):
                return detail
            if _argument(detail) == public_id:
                return True
        return False

    def pages(self, kind: ListKind) -> Iterator[Sequence[Listed] | NoAnswer]:
        """See the port."""
        if kind is ListKind.GROUPS:
            yield from self._groups()
            return
        for number in range(_MOST_PAGES):
            query = urlencode({"limit": PAGE, "offset": number * PAGE})
            found = self._api.get(f"{_PATHS[kind]}?{query}", deadline=Deadline.after(_SECONDS))
            page = _entries(found)
            yield page
            if isinstance(page, NoAnswer) or not isinstance(found, list) or len(found) < PAGE:
                return

    def add(self, addresses: Sequence[str]) -> NoAnswer | None:
        """See the port."""
        if len(addresses) > PAGE:
            raise ValueError("at most 500 addresses at once")
        body = {"recipient_emails": list(addresses)}
        found = self._api.post("/v3/asm/suppressions/global", body, deadline=Deadline.after(_SECONDS))
        return found if isinstance(found, NoAnswer) else None

    def facts(self) -> AccountFacts:
        """See the port."""
        return sendgrid_facts.facts(self._api)

    def close(self) -> None:
        """Close what is kept."""
        self._api.close()

    def _groups(self) -> Iterator[Sequence[Listed] | NoAnswer]:
        groups = self._api.get("/v3/asm/groups", deadline=Deadline.after(_SECONDS))
        if isinstance(groups, NoAnswer):
            yield groups
            return
        if not isinstance(groups, list):
            yield _UNREADABLE
            return
        for group in groups:
            number = group.get("id") if isinstance(group, dict) else None
            if not isinstance(number, int):
                yield _UNREADABLE
                return
            path = f"/v3/asm/groups/{number}/suppressions"
            page = _entries(self._api.get(path, deadline=Deadline.after(_SECONDS)))
            yield page
            if isinstance(page, NoAnswer) and not page.for_content:
                return  # a group that is gone since a moment ago keeps no other from being read


def _message_names(found: Any | NoAnswer) -> list[str] | NoAnswer:  # noqa: ANN401 - JSON
    """SendGrid's own names of the messages it found."""
    if isinstance(found, NoAnswer):
        return found
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list):
        return _UNREADABLE
    names = [one.get("sg_message_id") for one in messages if isinstance(one, dict)]
    return [name for name in names if isinstance(name, str)][:_MOST_DETAILS]


def _argument(detail: object) -> object:
    arguments = detail.get("custom_args") if isinstance(detail, dict) else None
    return arguments.get("crm_message_id") if isinstance(arguments, dict) else None


def _entries(found: Any | NoAnswer) -> Sequence[Listed] | NoAnswer:  # noqa: ANN401 - JSON
    """A page; what has no address is left out of it."""
    if isinstance(found, NoAnswer):
        return found
    if not isinstance(found, list):
        return _UNREADABLE
    return [one for one in map(_entry, found) if one is not None]


def _entry(one: object) -> Listed | None:
    if isinstance(one, str):
        return Listed(one)
    if not isinstance(one, Mapping) or not isinstance(one.get("email"), str):
        return None
    created = one.get("created")
    since = datetime.fromtimestamp(created, UTC) if isinstance(created, int) and 0 < created < 2**32 else None
    return Listed(one["email"], since, str(one.get("status") or "")[:64], str(one.get("reason") or "")[:500])
