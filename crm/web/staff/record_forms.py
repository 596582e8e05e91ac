"""Forms for one person and their company, by hand."""

from wtforms import DateField, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm
from crm.kernel.errors import InvalidAddressError
from crm.kernel.zones import valid_zone
from crm.permission.countries import load
from crm.web.staff.import_form import BASES, SOURCES
from crm.web.staff.words import LANGUAGES

_LEGAL = [
    (LegalForm.UNKNOWN.value, "not known"),
    (LegalForm.LEGAL_PERSON.value, "legal person (B.V., GmbH, Ltd…)"),
    (LegalForm.SOLE_TRADER.value, "sole trader"),
    (LegalForm.PARTNERSHIP.value, "partnership (V.O.F., GbR…)"),
]
_COUNTRIES = ("", "NL", "BE", "DE", "FR", "GB", "US", "AT", "CH", "DK", "ES", "IE", "IT", "LU", "SE")


def _countries() -> list[tuple[str, str]]:
    return [(code, load().name(code) if code else "not known") for code in _COUNTRIES]


class RecordForm(Form):
    """What is known of a person and their company."""

    address = StringField("Email address", [InputRequired("Type their business address."), Length(max=254)])
    name = StringField("Name", [Length(max=200)])
    role = StringField("Role", [Length(max=200)])
    language = SelectField("Language", choices=[("", "the company's"), *LANGUAGES.items()], default="")
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


class NewForm(RecordForm):
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
