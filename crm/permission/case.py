"""One question to the gate, with what all checks need worked out once."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.zones import zone_for
from crm.permission.countries import HOME, Override, Rule, canonical, load
from crm.permission.facts import Facts
from crm.permission.findings import Finding
from crm.permission.moments import bounded
from crm.permission.terms import OriginRule


class Case:
    """The facts and the moment of asking."""

    def __init__(self, facts: Facts, now: datetime) -> None:
        self.facts = facts
        self.now = bounded(now)

    @cached_property
    def country(self) -> str:
        """Where the recipient is; empty while unknown."""
        return canonical(self.facts.firm.country)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What holds there, then what holds here where both count; none while the country is unknown."""
        facts = self.facts
        kind, form = facts.recipient.kind, facts.firm.legal_form
        return _rules(self.country, kind, form, facts.overrides, facts.origin_rule)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The recipient's zone, or what stands in for it."""
        return zone_for(self.country or None, self.facts.firm.time_zone or None).zone

    def day_of(self, moment: datetime) -> date:
        """The recipient's date at a moment."""
        return bounded(moment).astimezone(self.zone).date()


@lru_cache(maxsize=1_024)
def _rules(
    country: str, kind: AddressKind, form: LegalForm, overrides: tuple[Override, ...], origin: OriginRule
) -> tuple[Rule, ...]:
    if not country:
        return ()
    table = load()
    there = table.rule(country, kind, form, overrides)
    strict = origin is not OriginRule.DESTINATION_ONLY
    if not strict or country == HOME or not table.in_eea(country):
        return (there,)
    return there, table.rule(HOME, kind, form, overrides)


Check = Callable[[Case], Iterator[Finding]]
