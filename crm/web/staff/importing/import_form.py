"""What a colleague says of a file: which column is what, where the addresses come from, on what ground."""

from collections.abc import Container
from collections.abc import Mapping as Mappings
from dataclasses import replace
from datetime import date
from typing import Final

from crm.kernel.text import one_line, whole_number
from crm.permission.countries import load
from crm.prospects.choices import Choices
from crm.prospects.models import SourceKind
from crm.prospects.reading.cells import page_of
from crm.prospects.reading.columns import Target
from crm.prospects.reading.faults import CellFaultError, FileFault
from crm.prospects.reading.mapping import ClashFault, Mapping
from crm.prospects.reading.parsed import Defaults
from crm.prospects.reading.vocabulary import DeclaredBasis
from crm.web.staff.words import LANGUAGES

NOTHING: Final = "-"

TARGETS: Final = {
    Target.ADDRESS: "Email address",
    Target.COMPANY: "Company",
    Target.WEBSITE: "Website",
    Target.COUNTRY: "Country",
    Target.LANGUAGE: "Language",
    Target.TIME_ZONE: "Time zone",
    Target.LEGAL_FORM: "Legal form",
    Target.RELEVANCE: "Why this company",
    Target.NAME: "Name",
    Target.FIRST_NAME: "First name",
    Target.LAST_NAME: "Last name",
    Target.ROLE: "Role",
    Target.SOURCE_KIND: "Kind of source",
    Target.SOURCE_URL: "Source: web page",
    Target.SOURCE_WORDS: "Source: in words",
    Target.OBTAINED_ON: "Since when we have it",
    Target.BASIS: "Ground",
    Target.BASIS_URL: "Ground: web page",
    Target.BASIS_WORDING: "Ground: the sentence",
    Target.CONFIRMED_BY: "Who confirmed it",
    Target.OPTED_OUT: "Told somebody to stop",
}

SOURCES: Final = {
    SourceKind.WEBSITE: "Their own website",
    SourceKind.FAIR: "A trade fair or meeting",
    SourceKind.REFERRAL: "A referral",
    SourceKind.INBOUND: "They wrote or called first",
    SourceKind.CUSTOMER: "They are a customer",
    SourceKind.REGISTER: "A public register or directory",
}

BASES: Final = {
    DeclaredBasis.PUBLISHED_ADDRESS: "The address is published for such mail",
    DeclaredBasis.CUSTOMER: "They bought something from us",
    DeclaredBasis.CONSENT: "They agreed",
    DeclaredBasis.LEGITIMATE_INTEREST: "Our legitimate interest, written down",
}


def _mapped(mapping: Mapping, corrections: dict[int, Target | None]) -> tuple[Mapping, str]:
    """The columns as chosen, and what is wrong with that. Of two for one field the first has it meanwhile."""
    chosen, faults = dict(corrections), list[str]()
    while True:
        try:
            return mapping.corrected(chosen), " ".join(faults)
        except ClashFault as clash:
            one, other = (mapping.columns[place].header for place in (clash.first, clash.second))
            faults.append(
                f"“{one}” and “{other}” cannot both be “{TARGETS[clash.target]}”. "
                f"“{other}” is not kept now: choose again."
            )
            chosen[clash.second] = None
        except FileFault as error:
            return mapping, error.words


def choices_from(form: Mappings[str, str], before: Choices) -> tuple[Choices, str]:
    """The choices as the form corrects them, and in words what is wrong with them; nothing typed is lost."""
    corrections = {
        place: target
        for place, column in enumerate(before.mapping.columns)
        if (value := form.get(f"column-{place}")) is not None
        # What stays left out keeps its reason: a telephone number is not kept, whoever chooses.
        and ((target := Target(value) if value in set(Target) else None) or column.target)
    }
    kind, basis = form.get("source_kind", ""), form.get("basis", "")
    defaults = replace(
        before.defaults,
        source_kind=SourceKind(kind) if kind in set(SourceKind) else None,
        source_url=one_line(form.get("source_url", ""))[:500],
        source_words=one_line(form.get("source_words", ""))[:500],
        obtained_on=_day(form.get("obtained_on", "")),
        relevance=one_line(form.get("relevance", ""))[:500],
        basis=DeclaredBasis(basis) if basis in set(DeclaredBasis) else None,
        basis_url=one_line(form.get("basis_url", ""))[:500],
        basis_wording=one_line(form.get("basis_wording", ""))[:500],
        confirmed_by=one_line(form.get("confirmed_by", ""))[:120],
        country=_known(form.get("country", ""), load().countries),
        language=_known(form.get("language", ""), LANGUAGES),
        day_first={"day": True, "month": False}.get(form.get("day_first", "")),
    )
    mapping, fault = _mapped(before.mapping, corrections)
    fault = fault or _fault(defaults)
    chosen = replace(
        before,
        mapping=mapping,
        defaults=defaults,
        role_relevance=one_line(form.get("role_relevance", ""))[:300],
        relevance_by=one_line(form.get("confirmed_by", ""))[:120],
        channel=one_line(form.get("channel", ""))[:64],
        assessment_id=whole_number(form.get("assessment_id")),
        replaces=form.get("replaces") == "yes",
    )
    return chosen, fault


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _known(text: str, codes: Container[str]) -> str:
    return text if text in codes else ""


def _fault(defaults: Defaults) -> str:
    """Recipients are told these pages: what is none may not stand for all rows of a file."""
    for what, text in (("source", defaults.source_url), ("ground", defaults.basis_url)):
        try:
            page_of(text or "produfoto.example")
        except CellFaultError as error:
            return f"The web page of the {what}: {error.words}"
    return ""
