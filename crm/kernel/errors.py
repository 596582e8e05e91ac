"""What can go wrong, in words a door can pass on."""

import enum


class CrmError(Exception):
    """The root of every error this program raises on purpose."""


class AddressFault(enum.StrEnum):
    """Why a text is not the address of one business mailbox."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_AT = "no_at"
    SEVERAL = "several"
    CONTROL_CHARACTER = "control_character"
    QUOTED = "quoted"
    LOCAL_PART = "local_part"
    DOMAIN = "domain"
    MIXED_SCRIPT = "mixed_script"

    @property
    def words(self) -> str:
        """One plain sentence for the person who typed it."""
        return _ADDRESS_WORDS[self]


_ADDRESS_WORDS = {
    AddressFault.EMPTY: "There is no address here.",
    AddressFault.TOO_LONG: "The address is too long: at most 64 characters before the @, 254 in all.",
    AddressFault.NO_AT: "An address has one @ between a name and a domain.",
    AddressFault.SEVERAL: "There are several addresses here. Keep one.",
    AddressFault.CONTROL_CHARACTER: "There is an invisible character in the address. Type it again.",
    AddressFault.QUOTED: "Addresses in quotation marks or at a number are not used for outreach.",
    AddressFault.LOCAL_PART: "The part before the @ has a character that addresses cannot have.",
    AddressFault.DOMAIN: "The part after the @ is not a domain name.",
    AddressFault.MIXED_SCRIPT: "Letters of different alphabets are mixed in this address. Check it.",
}


class InvalidAddressError(CrmError):
    """The text is not one mailbox; `fault` says why. The message never repeats the text."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(fault.words)
        self.fault = fault


class InvalidLinkError(CrmError):
    """The token was altered, cut, or signed for another purpose."""


class InvalidSettingsError(CrmError):
    """The environment is not usable; `problems` lists everything that is wrong at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConflictError(CrmError):
    """Somebody else changed the record since it was read. Nothing was written."""


class NotFoundError(CrmError):
    """There is no such record, or it is not for this person to see."""
