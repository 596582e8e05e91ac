"""Who is answerable for the data: the one set of values that every mail and every notice shows."""

from dataclasses import dataclass

REQUIRED = ("name", "kvk", "vat", "location", "email")


@dataclass(frozen=True, slots=True)
class Controller:
    """The company behind the program (GDPR article 4(7)); its values come from the settings (P2)."""

    name: str
    kvk: str
    """Number in the Dutch trade register."""

    vat: str
    location: str
    """Postal code and town, as published."""

    email: str
    street: str | None = None
    """Street and number. Without it, countries that ask for a full postal address stay closed (D3)."""

    country: str = "NL"
    """ISO 3166-1 alpha-2."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The published values that are blank; nothing is sent while there is one (P2)."""
        return tuple(field for field in REQUIRED if not getattr(self, field).strip())

    @property
    def complete(self) -> bool:
        """All five published values are there."""
        return not self.missing

    @property
    def has_postal_address(self) -> bool:
        """A letter could be delivered: street, town and country are there."""
        return bool(self.street and self.street.strip() and self.location.strip() and self.country.strip())

    @property
    def values(self) -> tuple[str, ...]:
        """What each mail must show, in this order: name, street when set, location, register, VAT, e-mail."""
        street = (self.street.strip(),) if self.street and self.street.strip() else ()
        return (self.name, *street, self.location, self.kvk, self.vat, self.email)
