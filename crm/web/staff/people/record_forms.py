"""Forms for one person and their company, by hand."""

from collections.abc import Callable

from wtforms import DateField, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm
from crm.kernel.errors import InvalidAddressError
from crm.kernel.text import one_line
from crm.kernel.zones import valid_zone
from crm.permission.countries import load
from crm.prospects.models import Company, Prospect
from crm.prospects.reading.cells import page_of, site_of
from crm.prospects.reading.faults import CellFaultError
from crm.web.context import now
from crm.web.staff.importing.import_form import BASES, SOURCES
from crm.web.staff.times import local
from crm.web.staff.words import LANGUAGES

_LEGAL = [
    (LegalForm.UNKNOWN.value, "not known"),
    (LegalForm.LEGAL_PERSON.value, "legal person (B.V., GmbH, Ltd…)"),
    (LegalForm.SOLE_TRADER.value, "sole trader"),
    (LegalForm.PARTNERSHIP.value, "partnership (V.O.F., GbR…)"),
]
_LANGUAGES = [("", "the company's"), *LANGUAGES.items()]
_NEAR = ("NL", "BE", "DE", "FR", "GB", "US")  # where most of them are


def countries() -> list[tuple[str, str]]:
    """Countries by code and name, those we meet most first."""
    table = load()
    others = sorted(set(table.countries) - set(_NEAR), key=table.name)
    return [(code, table.name(code)) for code in (*_NEAR, *others)]


def _countries() -> list[tuple[str, str]]:
    return [("", "not known"), *countries()]


def _page(field: StringField, read: Callable[[str], str]) -> None:
    """Keep the address of a page as a file's would be kept, or say that it is none."""
    try:
        field.data = read(one_line(field.data)) if field.data else ""
    except CellFaultError as error:
        raise ValidationError(error.words) from error


class RecordForm(Form):
    """What is known of a person and their company."""

    address = StringField("Email address", [InputRequired("Type their business address."), Length(max=254)])
    name = StringField("Name", [Length(max=200)])
    role = StringField("Role", [Length(max=200)])
    language = SelectField("Language", choices=_LANGUAGES, default="")
    company = StringField("Company", [InputRequired("Type the company's name."), Length(max=200)])
    website = StringField("Website", [Length(max=500)])
    country = SelectField("Country", choices=_countries, default="")
    time_zone = StringField("Time zone", [Length(max=64)])
    legal_form = SelectField("Legal form", choices=_LEGAL, default=LegalForm.UNKNOWN.value)
    relevance = StringField("Why this company?", [Length(max=500)])
    role_relevance = StringField("Why this concerns their work", [Length(max=300)])

    def validate_address(self, field: StringField) -> None:
        """One usable mailbox."""
        try:
            EmailAddress.parse(field.data or "")
        except InvalidAddressError as error:
            raise ValidationError(str(error)) from error

    def validate_website(self, field: StringField) -> None:
        """A public web page, or none."""
        _page(field, site_of)

    def validate_time_zone(self, field: StringField) -> None:
        """A zone that exists, or none: then the country's."""
        if field.data and not valid_zone(field.data):
            raise ValidationError(
                "There is no such time zone. Write it like Europe/Amsterdam, or leave it empty."
            )


class EditForm(RecordForm):
    """The same, with what tells two people who edit at once."""

    version = HiddenField()
    company_version = HiddenField()

    def offer(self, person: Prospect, company: Company) -> None:
        """Offer what is on record as well: a file may know more countries and languages than we list."""
        if company.country and company.country not in load().countries:
            self.country.choices = [*_countries(), (company.country, company.country)]
        if person.language and person.language not in LANGUAGES:
            self.language.choices = [*_LANGUAGES, (person.language, person.language)]


class WebPages(Form):
    """Pages that prove something: each a public one, or none."""

    def validate_source_url(self, field: StringField) -> None:
        """A public web page, or none."""
        _page(field, page_of)

    def validate_basis_url(self, field: StringField) -> None:
        """A public web page, or none."""
        _page(field, page_of)


class NewForm(RecordForm, WebPages):
    """The same, with where the address comes from and on what ground we may write."""

    source_kind = SelectField(
        "Where does the address come from?", choices=[(k.value, v) for k, v in SOURCES.items()]
    )
    source_words = StringField("The place, in words", [Length(max=500)])
    source_url = StringField("Web page", [Length(max=500)])
    obtained_on = DateField(
        "Since when do we have it?", [InputRequired("Say since when we have the address.")]
    )
    basis = SelectField(
        "Ground", choices=[("", "none yet"), *((k.value, v) for k, v in BASES.items())], default=""
    )
    basis_url = StringField("Web page that shows the ground", [Length(max=500)])
    basis_wording = TextAreaField("The sentence there, or what they agreed to", [Optional(), Length(max=500)])

    def validate_obtained_on(self, field: DateField) -> None:
        """The month in which they must be told begins there, so it cannot lie ahead."""
        if field.data and field.data > local(now()).date():
            raise ValidationError("This date lies in the future.")
