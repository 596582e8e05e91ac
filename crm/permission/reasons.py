"""Every reason the gate may give, and who can do something about it. Their words are in `words.en.toml`."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class Weight(enum.StrEnum):
    """What a finding does to the answer."""

    OK = "ok"
    """Speaks for it, or is only good to know."""

    WAIT = "wait"
    """Not now."""

    DENY = "deny"


class Mender(enum.StrEnum):
    """Who can change a finding."""

    NOBODY = "nobody"
    TIME = "time"
    THEM = "them"
    """Only the person we want to write to."""

    SALES = "sales"
    """Whoever looks after the prospect."""

    MANAGER = "manager"
    PRIVACY = "privacy"
    ADMIN = "admin"
    OWNER = "owner"
    """Who answers for the company: a decision about the law."""


class Reason(enum.StrEnum):
    """Why we may, may not yet, or may not write."""

    # What people said.
    ADDRESS_REFUSED = "address_refused"
    DOMAIN_REFUSED = "domain_refused"
    COMPANY_REFUSED = "company_refused"
    SEQUENCE_REFUSED = "sequence_refused"
    SNOOZED = "snoozed"
    COLLEAGUE_REFUSED = "colleague_refused"
    RESTRICTED = "restricted"
    REQUEST_OPEN = "request_open"
    MEASURING_REFUSED = "measuring_refused"
    NOT_REFUSED = "not_refused"

    # What we switched off.
    EVERYTHING_PAUSED = "everything_paused"
    MAILBOX_PAUSED = "mailbox_paused"
    SEQUENCE_PAUSED = "sequence_paused"

    # The mailbox.
    NEVER_ADDRESS = "never_address"
    ADDRESS_INVALID = "address_invalid"
    ADDRESS_UNENCODABLE = "address_unencodable"
    ADDRESS_BOUNCED = "address_bounced"
    ADDRESS_CLOSED = "address_closed"
    ADDRESS_BOUNCING = "address_bouncing"
    DOMAIN_NULL_MX = "domain_null_mx"
    DOMAIN_NO_MAIL = "domain_no_mail"
    DOMAIN_UNCHECKED = "domain_unchecked"
    DOMAIN_DOUBTFUL = "domain_doubtful"
    NOT_BUSINESS_ADDRESS = "not_business_address"
    ADDRESS_GOOD = "address_good"

    # Where they are, and what the rules there ask.
    COUNTRY_UNKNOWN = "country_unknown"
    COUNTRY_NOT_LISTED = "country_not_listed"
    LEGAL_FORM_UNKNOWN = "legal_form_unknown"
    DESTINATION_DENIES = "destination_denies"
    ORIGIN_DENIES = "origin_denies"
    RULE_MET = "rule_met"
    STREET_MISSING = "street_missing"

    # Our ground.
    BASIS_MISSING = "basis_missing"
    PROOF_INCOMPLETE = "proof_incomplete"
    PROOF_STALE = "proof_stale"
    PAGE_DECLINES = "page_declines"
    BASIS_WITHDRAWN = "basis_withdrawn"
    INTEREST_SWITCHED_OFF = "interest_switched_off"
    ASSESSMENT_MISSING = "assessment_missing"
    ASSESSMENT_INACTIVE = "assessment_inactive"
    ASSESSMENT_OUT_OF_SCOPE = "assessment_out_of_scope"
    ASSESSMENT_OVERDUE = "assessment_overdue"
    CONSENT_RECORDED = "consent_recorded"
    CUSTOMER_RECORDED = "customer_recorded"
    ADDRESS_PUBLISHED = "address_published"
    INTEREST_ASSESSED = "interest_assessed"

    # What has to be written down.
    SOURCE_MISSING = "source_missing"
    SOURCE_PURCHASED = "source_purchased"
    SOURCE_RECORDED = "source_recorded"
    RELEVANCE_MISSING = "relevance_missing"
    ROLE_RELEVANCE_MISSING = "role_relevance_missing"
    RELEVANCE_RECORDED = "relevance_recorded"
    NOTICE_OVERDUE = "notice_overdue"
    NOTICE_DUE = "notice_due"
    NOTICE_GIVEN = "notice_given"
    RETENTION_OVER = "retention_over"
    SENDER_INCOMPLETE = "sender_incomplete"

    # How much they already got.
    REPLIED = "replied"
    CONVERTED = "converted"
    COLLEAGUE_REPLIED = "colleague_replied"
    WROTE_RECENTLY = "wrote_recently"
    YEAR_IS_FULL = "year_is_full"
    COMPANY_IS_SILENT = "company_is_silent"
    OTHER_SEQUENCE = "other_sequence"
    COMPANY_IS_BUSY = "company_is_busy"
    COOLING_DOWN = "cooling_down"
    ACKNOWLEDGED_RECENTLY = "acknowledged_recently"
    WITHIN_LIMITS = "within_limits"

    STAFF_MAIL = "staff_mail"


_BY_MENDER: Final = {
    Mender.TIME: "snoozed domain_unchecked wrote_recently year_is_full cooling_down other_sequence "
    "company_is_busy acknowledged_recently",
    Mender.THEM: "address_refused domain_refused company_refused sequence_refused measuring_refused "
    "page_declines basis_withdrawn company_is_silent",
    Mender.SALES: "sequence_paused never_address address_invalid address_unencodable address_bounced "
    "address_closed address_bouncing domain_null_mx domain_no_mail domain_doubtful not_business_address "
    "country_unknown legal_form_unknown destination_denies origin_denies basis_missing proof_incomplete "
    "proof_stale source_missing relevance_missing role_relevance_missing "
    "replied colleague_replied notice_due",
    Mender.MANAGER: "everything_paused mailbox_paused colleague_refused",
    Mender.PRIVACY: "restricted request_open notice_overdue retention_over assessment_missing "
    "assessment_inactive assessment_out_of_scope assessment_overdue",
    Mender.ADMIN: "street_missing sender_incomplete",
    Mender.OWNER: "country_not_listed interest_switched_off",
}

MENDERS: Final[Mapping[Reason, Mender]] = MappingProxyType(
    {Reason(name): mender for mender, names in _BY_MENDER.items() for name in names.split()}
)
"""Who can change a finding; a reason that is not here needs no change, or allows none."""
