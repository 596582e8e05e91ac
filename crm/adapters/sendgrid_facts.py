"""What a SendGrid account says of itself: the key's scopes, trackers, webhooks, domains, and the time."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from crm.adapters.sendgrid_api import Api
from crm.adapters.sockets import Deadline
from crm.delivery.account_ports import AccountFacts, DnsWanted, DomainFacts, HookFacts, NoAnswer
from crm.delivery.event_ports import Report

Found = TypeVar("Found")

_SECONDS: Final = 10.0
_NOTHING: Final = 'sg_message_id_created_at > TIMESTAMP "2100-01-01T00:00:00Z"'
"""A question to the logs that finds nothing: whether it may be asked is all we want to know."""

_TRACKERS: Final = ("click", "open", "subscription", "google_analytics")
_KINDS: Final = {
    "processed": Report.PROCESSED, "deferred": Report.DEFERRED, "delivered": Report.DELIVERED,
    "bounce": Report.BOUNCE, "dropped": Report.DROPPED, "spam_report": Report.SPAM_REPORT,
    "unsubscribe": Report.UNSUBSCRIBE, "open": Report.OPEN, "click": Report.CLICK,
}  # fmt: skip
_PURPOSES: Final = {"mail_cname": "return path", "mail_server": "return path", "subdomain_spf": "SPF"}


def facts(api: Api) -> AccountFacts:
    """Ask for everything; what cannot be asked is named as unknown."""
    unknown: dict[str, NoAnswer] = {}

    def ask(name: str, path: str, read: Callable[[Any], Found], otherwise: Found) -> Found:
        answer = api.get(path, deadline=Deadline.after(_SECONDS))
        if not isinstance(answer, NoAnswer):
            try:
                return read(answer)
            except (KeyError, TypeError, AttributeError):
                answer = NoAnswer("unreadable_answer")
        unknown[name] = answer
        return otherwise

    scopes: frozenset[str] = ask("scopes", "/v3/scopes", _scopes, frozenset())
    skew = api.skew
    trackers = {
        name: ask(f"{name} tracking", f"/v3/tracking_settings/{name}", _enabled, otherwise=False)
        for name in _TRACKERS
    }
    hooks: tuple[HookFacts, ...] = ask("hooks", "/v3/user/webhooks/event/settings/all", _hooks, ())
    domains: tuple[DomainFacts, ...] = ask("domains", "/v3/whitelabel/domains?limit=50", _domains, ())
    lists = ask("lists", "/v3/suppression/unsubscribes?limit=1&offset=0", _is_list, otherwise=False)
    logs = api.post("/v3/logs", {"query": _NOTHING, "limit": 1}, deadline=Deadline.after(_SECONDS))
    if not isinstance(logs, dict):
        unknown["logs"] = logs if isinstance(logs, NoAnswer) else NoAnswer("unreadable_answer")
    return AccountFacts(
        scopes=scopes,
        trackers=trackers,
        hooks=hooks,
        domains=domains,
        skew=skew,
        reads_logs=isinstance(logs, dict),
        reads_lists=lists,
        unknown=unknown,
    )


def _is_list(answer: Any) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(answer, list):
        raise TypeError
    return True


def _scopes(answer: Any) -> frozenset[str]:  # noqa: ANN401 - JSON
    return frozenset(str(one) for one in answer["scopes"])


def _enabled(answer: Any) -> bool:  # noqa: ANN401 - JSON
    return bool(answer["enabled"])


def _hooks(answer: Any) -> tuple[HookFacts, ...]:  # noqa: ANN401 - JSON
    return tuple(
        HookFacts(
            url=str(one.get("url") or ""),
            enabled=one.get("enabled") is True,
            kinds=frozenset(kind for name, kind in _KINDS.items() if one.get(name) is True),
            key=str(one.get("public_key") or ""),
        )
        for one in answer["webhooks"]
    )


def _domains(answer: Any) -> tuple[DomainFacts, ...]:  # noqa: ANN401 - JSON
    return tuple(
        DomainFacts(str(one["domain"]).lower(), one.get("valid") is True, _records(one.get("dns") or {}))
        for one in answer
    )


def _records(dns: Mapping[str, Any]) -> tuple[DnsWanted, ...]:
    return tuple(
        DnsWanted(
            host=str(one["host"]).lower().rstrip("."),
            type=str(one["type"]).upper(),
            value=str(one["data"]).rstrip("."),
            purpose=_PURPOSES.get(name, "DKIM"),
        )
        for name, one in dns.items()
        if isinstance(one, Mapping)
    )
