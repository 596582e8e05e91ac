"""A stand-in for SendGrid's API: keeps what it is sent, knows its lists, and may be told to misbehave."""

import json
import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers import http
from tests.servers.http import Answer, Asked
from tests.servers.scripted import Peer

KEY = "SG.key"


@dataclass
class SendGrid:
    """One account, under `KEY`."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Entries by the last part of their path: bounces, blocks, invalid_emails, spam_reports, unsubscribes."""

    groups: dict[int, list[str]] = field(default_factory=dict)
    mails: list[dict[str, Any]] = field(default_factory=list)
    """Mail Send requests that were taken."""

    scopes: list[str] = field(default_factory=lambda: ["mail.send"])
    trackers: dict[str, bool] = field(default_factory=dict)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    domains: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, Answer] = field(default_factory=dict)
    """By a part of the path: what happens instead."""

    odd: set[str] = field(default_factory=set)
    """Addresses that it takes for none."""

    date: str = "Mon, 02 Mar 2026 09:00:00 GMT"
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = http.HttpServer([self._answer])
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        return self._server.url

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def _answer(self, peer: Peer, asked: Asked) -> None:
        self.asked.append(asked)
        fault = next((act for part, act in self.faults.items() if part in asked.path), None)
        if fault is not None:
            fault(peer, asked)
            return
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            http.status(401, b'{"errors":[{"message":"authorization required"}]}')(peer, asked)
            return
        code, body = self._found(asked)
        text = b"" if body is None else json.dumps(body).encode()
        http.status(code, text, Date=self.date, Content_Type="application/json")(peer, asked)

    def _found(self, asked: Asked) -> tuple[int, Any]:  # noqa: PLR0911 - one line a path
        parts = urlsplit(asked.path)
        path, query = parts.path, parse_qs(parts.query)
        if path == "/v3/mail/send":
            self.mails.append(asked.fields)
            return 202, None
        if path.startswith("/v3/logs"):
            return self._logs(path, asked)
        if path.startswith("/v3/suppression/"):
            start, size = int(query["offset"][0]), int(query["limit"][0])
            return 200, self.lists.get(path.rpartition("/")[2], [])[start : start + size]
        if path == "/v3/asm/suppressions/global":
            if not self.odd.isdisjoint(asked.fields["recipient_emails"]):
                return 400, {"errors": [{"field": "recipient_emails", "message": "invalid email"}]}
            known = self.lists.setdefault("unsubscribes", [])
            have = {one["email"].lower() for one in known}
            new = [one for one in asked.fields["recipient_emails"] if one.lower() not in have]
            known += [{"email": one, "created": 1772442000} for one in new]
            return 201, asked.fields
        if path == "/v3/asm/groups":
            return 200, [{"id": number, "name": f"Group {number}"} for number in self.groups]
        if match := re.fullmatch(r"/v3/asm/groups/(\d+)/suppressions", path):
            return 200, self.groups[int(match[1])]
        return self._settings(path)

    def _settings(self, path: str) -> tuple[int, Any]:
        if path == "/v3/scopes":
            return 200, {"scopes": self.scopes}
        if path.startswith("/v3/tracking_settings/"):
            return 200, {"enabled": self.trackers.get(path.rpartition("/")[2], False)}
        if path == "/v3/user/webhooks/event/settings/all":
            return 200, {"max_allowed": 1, "webhooks": self.hooks}
        if path == "/v3/whitelabel/domains":
            return 200, self.domains
        return 404, {"errors": [{"message": "not found"}]}

    def _logs(self, path: str, asked: Asked) -> tuple[int, Any]:
        """Messages are named after their place."""
        if path == "/v3/logs":
            if re.fullmatch(r'sg_message_id_created_at > TIMESTAMP "[^"]+Z"', asked.fields["query"]):
                return 200, {"messages": []}
            found = re.match(r"to_email = '([^']+)' AND sg_message_id_created_at > TIMESTAMP \"[^\"]+Z\"$",
                             asked.fields["query"])  # fmt: skip
            if found is None:
                return 400, {"errors": [{"message": "bad query"}]}
            names = [
                {"sg_message_id": f"mail.{place}", "to_email": found[1]}
                for place, one in enumerate(self.mails)
                if one["personalizations"][0]["to"][0]["email"] == found[1]
            ]
            return 200, {"messages": names[: asked.fields["limit"]]}
        mail = self.mails[int(path.rpartition(".")[2])]
        return 200, {"custom_args": mail["personalizations"][0]["custom_args"], "status": "processed"}
