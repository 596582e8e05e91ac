"""Any facts at all, sensible or not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import strategies as st

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.mail import MailKind
from crm.permission.budgets import Budgets
from crm.permission.countries import Code, Column, Override, load
from crm.permission.facts import (
    NOTHING_SENT,
    Assessment,
    Facts,
    Firm,
    Past,
    Pauses,
    Proof,
    Recipient,
    Refusal,
    Sender,
    Source,
)
from crm.permission.terms import AddressState, Basis, DomainState, OriginRule, Reach
from tests.permission.cases import ALLOWED, CONSENT, CUSTOMER, INTEREST, PUBLISHED

_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
near = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by `timezones`
far = st.datetimes(timezones=_ZONES)
naive = st.datetimes()
moments = near | far | naive
days = st.dates(date(2024, 1, 1), date(2028, 1, 1)) | st.dates()
ids = st.integers(1, 5)
counts = st.integers(-1, 12)
countries = st.sampled_from((*load().countries, "nl", " uk ", "EL", "XX", "*", "", None)) | st.text(
    max_size=4
)


some_day = st.none() | moments
yes_no = st.booleans()

assessments = st.builds(
    Assessment,
    id=ids,
    active=yes_no,
    scope=st.sampled_from(["*", "GB", "gb, us", "", "NL,DE"]) | st.text(max_size=8),
    review_on=days,
)
proofs = st.builds(
    Proof,
    id=ids,
    basis=st.sampled_from(Basis),
    at=moments,
    has_url=yes_no,
    has_wording=yes_no,
    has_channel=yes_no,
    confirmed=yes_no,
    declines_offers=st.sampled_from([False, False, False, True]),
    stale=yes_no,
    withdrawn_at=some_day,
    assessment=st.none() | assessments,
)
good_proofs = proofs.map(
    lambda one: replace(
        one,
        has_url=True,
        has_wording=True,
        has_channel=True,
        confirmed=True,
        stale=False,
        declines_offers=False,
        withdrawn_at=None,
    )
)
refusals = st.builds(Refusal, reach=st.sampled_from(Reach), at=some_day, id=st.none() | ids, until=some_day)
pasts = st.just(NOTHING_SENT) | st.builds(
    Past,
    last_mail_at=some_day,
    mails_last_year=counts,
    oldest_mail_at=some_day,
    unanswered_at_company=counts,
    leaving_to_company=counts,
    other_sequences=counts,
    company_sequences=counts,
    ended_unanswered_at=some_day,
    replied_at=some_day,
    converted_at=some_day,
    colleague_replied_at=some_day,
    colleague_refused_at=some_day,
    acknowledged_at=some_day,
)
overrides = st.builds(
    Override,
    country=st.sampled_from(["NL", "DE", "XX", "uk"]),
    column=st.sampled_from(Column),
    code=st.sampled_from(Code),
)
facts = st.builds(
    Facts,
    kind=st.sampled_from(MailKind),
    recipient=st.builds(
        Recipient,
        kind=st.sampled_from(AddressKind),
        freemail=yes_no,
        state=st.sampled_from(AddressState),
        domain=st.sampled_from(DomainState),
    ),
    firm=st.builds(
        Firm,
        country=countries,
        legal_form=st.sampled_from(LegalForm),
        time_zone=st.sampled_from([None, "", "Europe/Berlin", "Nowhere/Else", "../etc"])
        | st.text(max_size=9),
    ),
    source=st.none()
    | st.builds(Source, kind=st.sampled_from(["website", "fair"]), obtained_on=days, purchased=yes_no),
    relevant=yes_no,
    role_relevant=yes_no,
    proofs=st.lists(proofs | good_proofs, max_size=4).map(tuple),
    interest_allowed=yes_no,
    refusals=st.lists(refusals, max_size=2).map(tuple),
    restricted_at=some_day,
    request_since=some_day,
    notice_at=some_day,
    erase_at=some_day,
    past=pasts,
    pauses=st.builds(Pauses, everything=yes_no, mailbox=yes_no, sequence=yes_no),
    sender=st.builds(Sender, complete=yes_no, has_street=yes_no),
    measuring_consent=yes_no,
    overrides=st.lists(overrides, max_size=2).map(tuple),
    origin_rule=st.sampled_from(OriginRule),
    budgets=st.just(Budgets()),
)

likely = st.builds(
    replace,
    st.just(ALLOWED),
    firm=st.builds(
        Firm,
        country=st.sampled_from(load().countries),
        legal_form=st.sampled_from(LegalForm),
        time_zone=st.none(),
    ),
    recipient=st.builds(
        Recipient,
        kind=st.sampled_from([AddressKind.NAMED, AddressKind.GENERIC]),
        freemail=yes_no,
        state=st.sampled_from([AddressState.WORKS, AddressState.UNPROVEN]),
        domain=st.sampled_from([DomainState.TAKES_MAIL, DomainState.IMPLICIT]),
    ),
    kind=st.sampled_from([MailKind.OUTREACH, MailKind.MANUAL]),
    proofs=st.lists(
        st.sampled_from([PUBLISHED, CONSENT, CUSTOMER, INTEREST, replace(PUBLISHED, has_url=False)]),
        max_size=3,
    ).map(tuple),
    interest_allowed=yes_no,
    role_relevant=yes_no,
    origin_rule=st.sampled_from(OriginRule),
)
"""Facts that are close to being allowed, so that a change is felt."""
