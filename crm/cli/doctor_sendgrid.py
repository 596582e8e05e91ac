"""The doctor's look at a SendGrid account: key, trackers, webhook, clock, and what to do about each."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from crm.cli.doctor_dns import look_at_domains
from crm.cli.findings import Finding, Health
from crm.delivery import syncs
from crm.delivery.account_ports import AccountFacts, HookFacts, NoAnswer
from crm.delivery.event_ports import Report
from crm.delivery.models import Mailbox
from crm.services import Services

HOOK: Final = "/hooks/sendgrid"
WANTED: Final = frozenset(
    {
        Report.PROCESSED, Report.DEFERRED, Report.DELIVERED, Report.BOUNCE, Report.DROPPED,
        Report.SPAM_REPORT, Report.UNSUBSCRIBE,
    }
)  # fmt: skip
_TOO_MUCH: Final = (
    "api_keys.create",
    "teammates.create",
    "subusers.create",
    "billing.update",
    "user.password.update",
)
_MOST_NAMED: Final = 10
_DRIFT: Final = timedelta(seconds=30)
_WHY: Final = {
    "unreachable": "SendGrid cannot be reached from here",
    "certificate": "what answers cannot prove that it is SendGrid; check CRM_SENDGRID_HOST",
    "throttled": "asked too often; try again in a minute",
    "not_allowed": "the key may not read it",
}


def look_at_sendgrid(services: Services) -> Iterator[Finding]:
    """Everything there is to see; nothing where mail does not go through SendGrid."""
    if services.account is None:
        return
    facts = services.account.facts()
    scopes = facts.unknown.get("scopes")
    if scopes is not None:
        words = f"{_why(scopes)}. Make a key with Mail Send under Settings, API Keys: CRM_SENDGRID_KEY"
        health = Health.ILL if scopes.reason in {"not_allowed", "certificate"} else Health.LOOK
        yield Finding(health, "sendgrid key", words)
        return
    yield from _key(facts)
    yield from _trackers(facts)
    yield from _hook(facts, services.settings.base_url, services.settings.sendgrid_event_keys)
    yield _clock(facts)
    with services.database.reading() as session:
        addresses = session.scalars(select(Mailbox.address)).all()
        not_taken = syncs.aside(session)
    if not_taken:
        yield _not_taken(not_taken)
    domains = {address.rpartition("@")[2].lower() for address in addresses}
    yield from look_at_domains(facts, domains, services.mail_domains)


def _key(facts: AccountFacts) -> Iterator[Finding]:
    if "mail.send" not in facts.scopes:
        yield Finding(Health.ILL, "sendgrid key", "may not send. Give it Mail Send under Settings, API Keys")
    else:
        yield Finding(Health.WELL, "sendgrid key", "may send")
    more = [one for one in _TOO_MUCH if one in facts.scopes]
    if more:
        words = f"may do more than sending needs ({more[0]}): whoever finds it owns the account. Restrict it"
        yield Finding(Health.LOOK, "sendgrid key", words)
    if not facts.reads_logs:
        words = (
            f"{_why(facts.unknown['logs'])}: doubts wait for events or a colleague. Give it Email Logs, read"
        )
        yield Finding(Health.LOOK, "sendgrid logs", words)
    if not facts.reads_lists:
        words = f"{_why(facts.unknown['lists'])}: lists and register drift apart. Give it Suppressions"
        yield Finding(Health.LOOK, "sendgrid lists", words)


def _trackers(facts: AccountFacts) -> Iterator[Finding]:
    unknown = [name for name in facts.trackers if f"{name} tracking" in facts.unknown]
    on = [name for name, is_on in facts.trackers.items() if is_on]
    for name in on:
        words = f"{name} tracking is on in the account. Turn it off under Settings, Tracking"
        yield Finding(Health.ILL, "sendgrid tracking", words)
    if unknown:
        words = f"whether it is off cannot be read ({', '.join(unknown)}). Look under Settings, Tracking"
        yield Finding(Health.LOOK, "sendgrid tracking", words)
    if not on and not unknown:
        yield Finding(Health.WELL, "sendgrid tracking", "is off")


def _hook(facts: AccountFacts, base_url: str, keys: Collection[str]) -> Iterator[Finding]:
    what, where = "sendgrid webhook", "Settings, Mail Settings, Event Webhooks"
    if not keys:
        words = f"CRM_SENDGRID_EVENT_KEYS is not set: no report is believed. Copy the key from {where}"
        yield Finding(Health.ILL, what, words)
    if "hooks" in facts.unknown:
        yield Finding(Health.LOOK, what, f"{_why(facts.unknown['hooks'])}. Look under {where}")
        return
    ours = [one for one in facts.hooks if one.url.rstrip("/") == f"{base_url}{HOOK}"]
    if not ours:
        yield Finding(Health.ILL, what, f"none posts to {base_url}{HOOK}. Add it under {where}")
        return
    yield from _our_hook(ours[0], keys, what, where)


def _our_hook(hook: HookFacts, keys: Collection[str], what: str, where: str) -> Iterator[Finding]:
    faults = []
    if not hook.enabled:
        faults.append(f"is switched off. Switch it on under {where}")
    if not hook.key:
        faults.append(f"is not signed, so it is not believed. Switch Signature Verification on under {where}")
    elif keys and hook.key not in keys:
        faults.append("signs with another key. Put its key beside the old one in CRM_SENDGRID_EVENT_KEYS")
    for words in faults:
        yield Finding(Health.ILL, what, words)
    missing = sorted(WANTED - hook.kinds)
    if missing:
        yield Finding(Health.LOOK, what, f"does not tell: {', '.join(missing)}. Tick them under {where}")
    if hook.kinds & {Report.OPEN, Report.CLICK}:
        yield Finding(Health.LOOK, what, f"would tell openings and clicks. Untick them under {where}")
    if not faults:
        yield Finding(Health.WELL, what, "is on, signed, and its key is ours")


def _not_taken(set_aside: Mapping[int, str]) -> Finding:
    reasons = ", ".join(sorted(set(set_aside.values())))
    some = ", ".join(map(str, sorted(set_aside)[:_MOST_NAMED]))
    words = (
        f"does not take {len(set_aside)} who said no ({reasons}): prospect {some}. We write to none "
        "of them all the same; look at how the address is spelled. They are told again every day"
    )
    return Finding(Health.LOOK, "sendgrid lists", words)


def _clock(facts: AccountFacts) -> Finding:
    if facts.skew is None:
        return Finding(Health.LOOK, "sendgrid clock", "its answers have no time")
    apart = abs(facts.skew)
    if apart > _DRIFT:
        words = (
            f"{apart.total_seconds():.0f} s apart from ours: signatures would not hold. Run a time service"
        )
        return Finding(Health.ILL, "sendgrid clock", words)
    return Finding(Health.WELL, "sendgrid clock", "agrees with ours")


def _why(answer: NoAnswer) -> str:
    return _WHY.get(answer.reason, f"SendGrid gave no usable answer ({answer.reason})")
