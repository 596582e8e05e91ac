"""Which pixel a message gets (D4)."""

from dataclasses import replace

import pytest

from crm.kernel.mail import MailKind, TrackingMode
from crm.kernel.settings import Tracking
from crm.permission.countries import load
from crm.permission.measuring import mode_of, tracking_mode
from crm.permission.terms import Reach
from tests.permission.cases import ALLOWED, firm, refused

FIRST = [MailKind.OUTREACH, MailKind.MANUAL]
RULED = {"FR", "IT", "DK"}


def mode(
    setting: Tracking = Tracking.POLICY,
    country: str | None = "NL",
    kind: MailKind = MailKind.OUTREACH,
    *,
    consent: bool = False,
    objected: bool = False,
) -> TrackingMode:
    return tracking_mode(setting=setting, country=country, consent=consent, objected=objected, kind=kind)


@pytest.mark.parametrize("country", load().countries)
def test_the_policy_measures_but_where_a_regulator_ruled(country: str) -> None:
    assert mode(country=country) is (TrackingMode.OFF if country in RULED else TrackingMode.INDIVIDUAL)


@pytest.mark.parametrize("country", sorted(RULED))
def test_with_recorded_consent_those_countries_are_measured_too(country: str) -> None:
    assert mode(country=country, consent=True) is TrackingMode.INDIVIDUAL


@pytest.mark.parametrize("country", [None, ""])
def test_where_the_country_is_unknown_nothing_is_measured(country: str | None) -> None:
    assert mode(country=country) is TrackingMode.OFF


@pytest.mark.parametrize("consent", [True, False])
@pytest.mark.parametrize("country", ["NL", "US", "FR"])
def test_the_setting_consent_measures_with_consent_only(country: str, consent: bool) -> None:  # noqa: FBT001 - a case
    expected = TrackingMode.INDIVIDUAL if consent else TrackingMode.OFF
    assert mode(Tracking.CONSENT, country, consent=consent) is expected


@pytest.mark.parametrize("setting", Tracking)
@pytest.mark.parametrize("kind", MailKind)
def test_an_objection_wins_over_everything(setting: Tracking, kind: MailKind) -> None:
    assert mode(setting, kind=kind, consent=True, objected=True) is TrackingMode.OFF


def test_off_is_off() -> None:
    assert mode(Tracking.OFF, consent=True) is TrackingMode.OFF


@pytest.mark.parametrize("kind", sorted(set(MailKind) - set(FIRST)))
def test_answers_and_rights_are_never_measured(kind: MailKind) -> None:
    assert mode(kind=kind, consent=True) is TrackingMode.OFF


@pytest.mark.parametrize("kind", FIRST)
def test_what_we_write_first_is_measured(kind: MailKind) -> None:
    assert mode(kind=kind) is TrackingMode.INDIVIDUAL


@pytest.mark.parametrize("most", TrackingMode)
def test_a_sequence_can_ask_for_less_and_never_for_more(most: TrackingMode) -> None:
    asked = tracking_mode(
        setting=Tracking.POLICY,
        country="NL",
        consent=False,
        objected=False,
        kind=MailKind.OUTREACH,
        at_most=most,
    )
    assert asked is most


def test_the_facts_of_the_gate_decide_it_too() -> None:
    facts = [ALLOWED, refused(Reach.MEASURING), firm("FR"), replace(firm("FR"), measuring_consent=True)]
    modes = [mode_of(one, Tracking.POLICY) for one in facts]
    assert modes == [TrackingMode.INDIVIDUAL, TrackingMode.OFF, TrackingMode.OFF, TrackingMode.INDIVIDUAL]
